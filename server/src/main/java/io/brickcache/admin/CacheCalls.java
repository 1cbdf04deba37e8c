package io.brickcache.admin;

import io.brickcache.admin.NodeAdministration.BricksOfCache;
import io.brickcache.admin.NodeAdministration.GivenUp;
import io.brickcache.admin.v1.CacheServiceGrpc;
import io.brickcache.admin.v1.CreateCacheRequest;
import io.brickcache.admin.v1.CreateCacheResponse;
import io.brickcache.admin.v1.DeleteCacheRequest;
import io.brickcache.admin.v1.DeleteCacheResponse;
import io.brickcache.admin.v1.GetCacheRequest;
import io.brickcache.admin.v1.GetCacheResponse;
import io.brickcache.admin.v1.ListCachesRequest;
import io.brickcache.admin.v1.ListCachesResponse;
import io.brickcache.admin.v1.RejoinCacheRequest;
import io.brickcache.admin.v1.RejoinCacheResponse;
import io.brickcache.admin.v1.ScrubCacheRequest;
import io.brickcache.admin.v1.ScrubCacheResponse;
import io.grpc.stub.StreamObserver;

/** CacheService over the port. */
final class CacheCalls extends CacheServiceGrpc.CacheServiceImplBase {
    private final NodeAdministration node;
    private final Calls calls;

    CacheCalls(NodeAdministration node, Calls calls) {
        this.node = node;
        this.calls = calls;
    }

    @Override
    public void createCache(CreateCacheRequest request, StreamObserver<CreateCacheResponse> client) {
        calls.follow(
                "CreateCache",
                client,
                progress ->
                        CreateCacheResponse.newBuilder().setProgress(progress).build(),
                progress -> CreateCacheResponse.newBuilder()
                        .setCache(ViewMapper.cache(node.createCache(spec(request), progress)))
                        .build());
    }

    private static NodeAdministration.CacheSpec spec(CreateCacheRequest request) {
        int blockBytes = Arguments.blockBytes("block_bytes", request.getBlockBytes());
        return new NodeAdministration.CacheSpec(
                Arguments.name("name", request.getName()),
                Arguments.absolutePath("directory", request.getDirectory()),
                Arguments.cacheBytes("size_bytes", request.getSizeBytes()),
                blockBytes,
                Arguments.optionalPath("data_path", request.getDataPath()));
    }

    @Override
    public void deleteCache(DeleteCacheRequest request, StreamObserver<DeleteCacheResponse> client) {
        calls.answer(
                "DeleteCache",
                client,
                () -> DeleteCacheResponse.newBuilder()
                        .setCache(ViewMapper.cache(node.deleteCache(
                                Arguments.name("name", request.getName()),
                                request.getForce() ? BricksOfCache.DETACH_IF_AWAY : BricksOfCache.REFUSE,
                                request.getGiveUpDirty() ? GivenUp.DIRTY_DATA : GivenUp.NOTHING)))
                        .build());
    }

    @Override
    public void rejoinCache(RejoinCacheRequest request, StreamObserver<RejoinCacheResponse> client) {
        calls.answer(
                "RejoinCache",
                client,
                () -> RejoinCacheResponse.newBuilder()
                        .setCache(ViewMapper.cache(node.rejoinCache(Arguments.name("name", request.getName()))))
                        .build());
    }

    @Override
    public void listCaches(ListCachesRequest request, StreamObserver<ListCachesResponse> client) {
        calls.answer("ListCaches", client, () -> {
            Page<CacheView> page =
                    Page.of(node.caches(), CacheView::name, request.getPageSize(), request.getPageToken());
            return ListCachesResponse.newBuilder()
                    .addAllCaches(page.items().stream().map(ViewMapper::cache).toList())
                    .setNextPageToken(page.nextToken())
                    .build();
        });
    }

    @Override
    public void getCache(GetCacheRequest request, StreamObserver<GetCacheResponse> client) {
        calls.answer(
                "GetCache",
                client,
                () -> GetCacheResponse.newBuilder()
                        .setCache(ViewMapper.cache(node.cache(Arguments.name("name", request.getName()))))
                        .build());
    }

    @Override
    public void scrubCache(ScrubCacheRequest request, StreamObserver<ScrubCacheResponse> client) {
        calls.follow(
                "ScrubCache",
                client,
                progress ->
                        ScrubCacheResponse.newBuilder().setProgress(progress).build(),
                progress -> {
                    String name = Arguments.name("name", request.getName());
                    long rate = Arguments.scrubRate("bytes_per_second", request.getBytesPerSecond());
                    return ScrubCacheResponse.newBuilder()
                            .setResult(ViewMapper.scrub(node.scrubCache(name, rate, progress)))
                            .build();
                });
    }
}
