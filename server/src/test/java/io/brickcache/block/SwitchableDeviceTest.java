package io.brickcache.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SwitchableDeviceTest {

    private final Recorder first = new Recorder("first");
    private final Recorder second = new Recorder("second");
    private final SwitchableDevice device = new SwitchableDevice(first);

    /** Keeps what it gets until it is told to answer. */
    private static final class Recorder implements BlockDevice {
        private final String name;
        private final List<IoRequest> requests = new ArrayList<>();

        Recorder(String name) {
            this.name = name;
        }

        @Override
        public Geometry geometry() {
            return new Geometry(1 << 20, 512, 4096, true, true, false);
        }

        @Override
        public void submit(IoRequest request) {
            requests.add(request);
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public void close() {
            requests.clear();
        }
    }

    private static TestRequest flush() {
        TestRequest request = new TestRequest();
        request.prepareFlush();
        return request;
    }

    @Test
    void shouldPassRequestsOnWhenItServes() {
        TestRequest request = flush();

        device.submit(request);

        assertThat(first.requests).containsExactly(request);
    }

    @Test
    void shouldHandWhatWasHeldToTheNextDeviceInOrder() {
        TestRequest before = flush();
        TestRequest held = flush();
        TestRequest alsoHeld = flush();
        device.submit(before);

        assertThat(device.pause()).isSameAs(first);
        device.submit(held);
        device.submit(alsoHeld);
        assertThat(first.requests).containsExactly(before);
        device.resume(second);

        assertThat(second.requests).containsExactly(held, alsoHeld);
        assertThat(device.name()).isEqualTo("second");
        assertThat(device.target()).isSameAs(second);
    }

    @Test
    void shouldAnswerWhatIsHeldWhenItIsClosed() {
        TestRequest held = flush();
        device.pause();
        device.submit(held);

        device.close();

        assertThat(held.done().join()).isEqualTo(IoStatus.SHUTDOWN);
    }
}
