package io.brickcache.admin;

import io.brickcache.admin.v1.ListMappingsRequest;
import io.brickcache.admin.v1.ListMappingsResponse;
import io.brickcache.admin.v1.MapBrickRequest;
import io.brickcache.admin.v1.MapBrickResponse;
import io.brickcache.admin.v1.MappingServiceGrpc;
import io.brickcache.admin.v1.UnmapBrickRequest;
import io.brickcache.admin.v1.UnmapBrickResponse;
import io.grpc.stub.StreamObserver;

/** MappingService over the port. */
final class MappingCalls extends MappingServiceGrpc.MappingServiceImplBase {
    private final NodeAdministration node;
    private final Calls calls;

    MappingCalls(NodeAdministration node, Calls calls) {
        this.node = node;
        this.calls = calls;
    }

    @Override
    public void mapBrick(MapBrickRequest request, StreamObserver<MapBrickResponse> client) {
        calls.answer(
                "MapBrick",
                client,
                () -> MapBrickResponse.newBuilder()
                        .setMapping(ViewMapper.mapping(node.mapBrick(Arguments.name("name", request.getName()))))
                        .build());
    }

    @Override
    public void unmapBrick(UnmapBrickRequest request, StreamObserver<UnmapBrickResponse> client) {
        calls.answer(
                "UnmapBrick",
                client,
                () -> UnmapBrickResponse.newBuilder()
                        .setMapping(
                                ViewMapper.mapping(node.unmapBrick(Arguments.nameOrDevice("name", request.getName()))))
                        .build());
    }

    @Override
    public void listMappings(ListMappingsRequest request, StreamObserver<ListMappingsResponse> client) {
        calls.answer("ListMappings", client, () -> {
            Page<MappingView> page =
                    Page.of(node.mappings(), MappingView::brick, request.getPageSize(), request.getPageToken());
            return ListMappingsResponse.newBuilder()
                    .addAllMappings(
                            page.items().stream().map(ViewMapper::mapping).toList())
                    .setNextPageToken(page.nextToken())
                    .build();
        });
    }
}
