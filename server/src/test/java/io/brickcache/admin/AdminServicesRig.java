package io.brickcache.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.ErrorInfo;
import io.brickcache.admin.v1.AttachBrickRequest;
import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.BrickServiceGrpc;
import io.brickcache.admin.v1.Cache;
import io.brickcache.admin.v1.CacheServiceGrpc;
import io.brickcache.admin.v1.CreateCacheRequest;
import io.brickcache.admin.v1.CreateCacheResponse;
import io.brickcache.admin.v1.NodeServiceGrpc;
import io.brickcache.env.TickingClock;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.util.Iterator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The services over a node that is a fake, called in this process. */
abstract class AdminServicesRig {
    final FakeNode node = new FakeNode();
    final AdminApi api = new AdminApi(node, new TickingClock(1_000_000_000));
    private Server server;
    private ManagedChannel channel;
    CacheServiceGrpc.CacheServiceBlockingStub caches;
    BrickServiceGrpc.BrickServiceBlockingStub bricks;
    NodeServiceGrpc.NodeServiceBlockingStub nodes;

    @BeforeEach
    void start() throws IOException {
        String name = InProcessServerBuilder.generateName();
        InProcessServerBuilder builder = InProcessServerBuilder.forName(name);
        api.addTo(builder);
        server = builder.build().start();
        channel = InProcessChannelBuilder.forName(name).build();
        caches = CacheServiceGrpc.newBlockingStub(channel);
        bricks = BrickServiceGrpc.newBlockingStub(channel);
        nodes = NodeServiceGrpc.newBlockingStub(channel);
    }

    @AfterEach
    void stop() throws InterruptedException {
        channel.shutdownNow();
        server.shutdownNow().awaitTermination();
        api.awaitStopped();
    }

    Cache create(String name) {
        CreateCacheResponse last = last(caches.createCache(createRequest(name).build()));
        return last.getCache();
    }

    static CreateCacheRequest.Builder createRequest(String name) {
        return CreateCacheRequest.newBuilder()
                .setName(name)
                .setDirectory("/ssd/" + name)
                .setSizeBytes(4L << 30);
    }

    Brick attach(String name, String cache) {
        return bricks.attachBrick(AttachBrickRequest.newBuilder()
                        .setName(name)
                        .setCache(cache)
                        .setDevicePath("/dev/" + name)
                        .build())
                .getBrick();
    }

    static <T> T last(Iterator<T> answers) {
        T last = answers.next();
        while (answers.hasNext()) {
            last = answers.next();
        }
        return last;
    }

    static StatusRuntimeException failure(ThrowingCallable call) {
        return catchThrowableOfType(StatusRuntimeException.class, call);
    }

    static ErrorInfo info(StatusRuntimeException failure) throws IOException {
        com.google.rpc.Status status = StatusProto.fromThrowable(failure);
        assertThat(status).isNotNull();
        return status.getDetails(0).unpack(ErrorInfo.class);
    }
}
