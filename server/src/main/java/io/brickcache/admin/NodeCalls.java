package io.brickcache.admin;

import io.brickcache.admin.NodeAdministration.UsedDevices;
import io.brickcache.admin.v1.GetProtectionsRequest;
import io.brickcache.admin.v1.GetProtectionsResponse;
import io.brickcache.admin.v1.GetStatsRequest;
import io.brickcache.admin.v1.GetStatsResponse;
import io.brickcache.admin.v1.GetStatusRequest;
import io.brickcache.admin.v1.GetStatusResponse;
import io.brickcache.admin.v1.NodeServiceGrpc;
import io.brickcache.admin.v1.StopNodeRequest;
import io.brickcache.admin.v1.StopNodeResponse;
import io.grpc.stub.StreamObserver;
import java.util.Comparator;

/** NodeService over the port. */
final class NodeCalls extends NodeServiceGrpc.NodeServiceImplBase {
    private final NodeAdministration node;
    private final Calls calls;

    NodeCalls(NodeAdministration node, Calls calls) {
        this.node = node;
        this.calls = calls;
    }

    @Override
    public void getStatus(GetStatusRequest request, StreamObserver<GetStatusResponse> client) {
        calls.answer(
                "GetStatus",
                client,
                () -> GetStatusResponse.newBuilder()
                        .setNode(ViewMapper.node(node.node()))
                        .build());
    }

    @Override
    public void getProtections(GetProtectionsRequest request, StreamObserver<GetProtectionsResponse> client) {
        calls.answer(
                "GetProtections",
                client,
                () -> GetProtectionsResponse.newBuilder()
                        .addAllProtections(node.protections().stream()
                                .map(ViewMapper::protection)
                                .toList())
                        .build());
    }

    @Override
    public void stopNode(StopNodeRequest request, StreamObserver<StopNodeResponse> client) {
        calls.answer("StopNode", client, () -> {
            node.stop(request.getLeaveWaiting() ? UsedDevices.LEAVE_WAITING : UsedDevices.REFUSE);
            return StopNodeResponse.getDefaultInstance();
        });
    }

    @Override
    public void getStats(GetStatsRequest request, StreamObserver<GetStatsResponse> client) {
        calls.answer(
                "GetStats",
                client,
                () -> GetStatsResponse.newBuilder()
                        .addAllCaches(node.caches().stream()
                                .sorted(Comparator.comparing(CacheView::name))
                                .map(ViewMapper::cache)
                                .toList())
                        .addAllBricks(node.bricks().stream()
                                .sorted(Comparator.comparing(BrickView::name))
                                .map(ViewMapper::brick)
                                .toList())
                        .build());
    }
}
