package io.brickcache.admin;

import io.brickcache.admin.v1.BrickServiceGrpc;
import io.brickcache.admin.v1.CacheServiceGrpc;
import io.brickcache.admin.v1.MappingServiceGrpc;
import io.brickcache.admin.v1.NodeServiceGrpc;
import io.brickcache.env.Clock;
import io.grpc.ServerBuilder;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** The services of the API with their health and the threads they run on, whatever transport carries them. */
final class AdminApi {
    private static final int MAX_REQUEST_BYTES = 64 * 1024;
    private static final List<String> HEALTH_NAMES = List.of(
            HealthStatusManager.SERVICE_NAME_ALL_SERVICES,
            CacheServiceGrpc.SERVICE_NAME,
            BrickServiceGrpc.SERVICE_NAME,
            MappingServiceGrpc.SERVICE_NAME,
            NodeServiceGrpc.SERVICE_NAME);

    private final NodeAdministration node;
    private final Calls calls;
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final HealthStatusManager health = new HealthStatusManager();

    AdminApi(NodeAdministration node, Clock clock) {
        this.node = node;
        this.calls = new Calls(clock);
    }

    /** Adds everything to a server. Handlers only hand over to {@link Calls}, so they may run on the event loop. */
    void addTo(ServerBuilder<?> server) {
        announce(ServingStatus.NOT_SERVING);
        server.directExecutor()
                .maxInboundMessageSize(MAX_REQUEST_BYTES)
                .addService(new CacheCalls(node, calls))
                .addService(new BrickCalls(node, calls))
                .addService(new MappingCalls(node, calls))
                .addService(new NodeCalls(node, calls))
                .addService(health.getHealthService())
                .addService(ProtoReflectionServiceV1.newInstance());
    }

    void announce(ServingStatus status) {
        HEALTH_NAMES.forEach(name -> health.setStatus(name, status));
    }

    /** Reports NOT_SERVING for good, takes no more calls and cancels the long ones. */
    void stop() {
        if (stopped.compareAndSet(false, true)) {
            health.enterTerminalState();
        }
        calls.stop();
    }

    /** Interrupts what is still running and waits for it, but not for ever. */
    void awaitStopped() throws InterruptedException {
        stop();
        calls.awaitStopped();
    }
}
