package io.brickcache.admin;

import io.brickcache.admin.NodeAdministration.DirtyData;
import io.brickcache.admin.NodeAdministration.GivenUp;
import io.brickcache.admin.NodeAdministration.LostData;
import io.brickcache.admin.v1.AttachBrickRequest;
import io.brickcache.admin.v1.AttachBrickResponse;
import io.brickcache.admin.v1.BrickServiceGrpc;
import io.brickcache.admin.v1.DecideBrickRequest;
import io.brickcache.admin.v1.DecideBrickResponse;
import io.brickcache.admin.v1.DetachBrickRequest;
import io.brickcache.admin.v1.DetachBrickResponse;
import io.brickcache.admin.v1.FlushBrickRequest;
import io.brickcache.admin.v1.FlushBrickResponse;
import io.brickcache.admin.v1.GetBrickRequest;
import io.brickcache.admin.v1.GetBrickResponse;
import io.brickcache.admin.v1.GrowBrickRequest;
import io.brickcache.admin.v1.GrowBrickResponse;
import io.brickcache.admin.v1.ListBricksRequest;
import io.brickcache.admin.v1.ListBricksResponse;
import io.brickcache.admin.v1.ListLostRequest;
import io.brickcache.admin.v1.ListLostResponse;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Locale;

/** BrickService over the port. */
final class BrickCalls extends BrickServiceGrpc.BrickServiceImplBase {
    private final NodeAdministration node;
    private final Calls calls;

    BrickCalls(NodeAdministration node, Calls calls) {
        this.node = node;
        this.calls = calls;
    }

    @Override
    public void attachBrick(AttachBrickRequest request, StreamObserver<AttachBrickResponse> client) {
        calls.answer("AttachBrick", client, () -> {
            NodeAdministration.BrickSpec spec = new NodeAdministration.BrickSpec(
                    Arguments.name("name", request.getName()),
                    Arguments.name("cache", request.getCache()),
                    Arguments.absolutePath("device_path", request.getDevicePath()));
            return AttachBrickResponse.newBuilder()
                    .setBrick(ViewMapper.brick(node.attachBrick(spec)))
                    .build();
        });
    }

    @Override
    public void detachBrick(DetachBrickRequest request, StreamObserver<DetachBrickResponse> client) {
        calls.follow(
                "DetachBrick",
                client,
                progress ->
                        DetachBrickResponse.newBuilder().setProgress(progress).build(),
                progress -> DetachBrickResponse.newBuilder()
                        .setBrick(ViewMapper.brick(detach(request, progress)))
                        .build());
    }

    private BrickView detach(DetachBrickRequest request, ProgressListener progress) {
        String name = Arguments.name("name", request.getName());
        if (request.getGiveUpDirty()) {
            if (request.getFlush() || request.getGiveUpLost()) {
                throw AdminException.invalid("give_up_dirty", "not with flush", "set one of them");
            }
            return node.detachBrick(name, DirtyData.GIVE_UP, LostData.GIVE_UP, progress);
        }
        DirtyData dirtyData = request.getFlush() ? DirtyData.FLUSH : DirtyData.REFUSE;
        LostData lostData = request.getGiveUpLost() ? LostData.GIVE_UP : LostData.REFUSE;
        if (lostData == LostData.GIVE_UP && dirtyData != DirtyData.FLUSH) {
            throw AdminException.invalid(
                    "give_up_lost",
                    "only with flush",
                    "set flush too (--flush), so that only what cannot be read is given up");
        }
        return node.detachBrick(name, dirtyData, lostData, progress);
    }

    @Override
    public void listLost(ListLostRequest request, StreamObserver<ListLostResponse> client) {
        calls.answer("ListLost", client, () -> {
            LostView lost = node.lost(Arguments.name("name", request.getName()));
            Page<LostView.Range> page =
                    Page.of(lost.ranges(), BrickCalls::pageKey, request.getPageSize(), request.getPageToken());
            return ListLostResponse.newBuilder()
                    .addAllRanges(page.items().stream().map(ViewMapper::lost).toList())
                    .setNextPageToken(page.nextToken())
                    .setTruncated(lost.truncated())
                    .build();
        });
    }

    /** Pages are cut by names, in the order of text. */
    private static String pageKey(LostView.Range range) {
        return String.format(Locale.ROOT, "%019d", range.offset());
    }

    @Override
    public void decideBrick(DecideBrickRequest request, StreamObserver<DecideBrickResponse> client) {
        calls.answer("DecideBrick", client, () -> {
            String name = Arguments.name("name", request.getName());
            GivenUp dirtyData = request.getGiveUpDirty() ? GivenUp.DIRTY_DATA : GivenUp.NOTHING;
            BrickView brick = switch (request.getDecision()) {
                case BRICK_DECISION_KEEP_DISK -> node.keepDisk(name, dirtyData);
                case BRICK_DECISION_KEEP_CACHE -> node.keepCache(name);
                case BRICK_DECISION_UNSPECIFIED, UNRECOGNIZED ->
                    throw AdminException.invalid(
                            "decision", "it is missing or not known", "use KEEP_DISK or KEEP_CACHE");
            };
            return DecideBrickResponse.newBuilder()
                    .setBrick(ViewMapper.brick(brick))
                    .build();
        });
    }

    @Override
    public void growBrick(GrowBrickRequest request, StreamObserver<GrowBrickResponse> client) {
        calls.answer("GrowBrick", client, () -> {
            GrownView grown = node.growBrick(Arguments.name("name", request.getName()));
            GrowBrickResponse.Builder answer = GrowBrickResponse.newBuilder()
                    .setBrick(ViewMapper.brick(grown.brick()))
                    .setPreviousSizeBytes(grown.previousBytes());
            if (grown.mapping() != null) {
                answer.setMapping(ViewMapper.mapping(grown.mapping()));
            }
            return answer.build();
        });
    }

    @Override
    public void listBricks(ListBricksRequest request, StreamObserver<ListBricksResponse> client) {
        calls.answer("ListBricks", client, () -> {
            Page<BrickView> page =
                    Page.of(bricks(request.getCache()), BrickView::name, request.getPageSize(), request.getPageToken());
            return ListBricksResponse.newBuilder()
                    .addAllBricks(page.items().stream().map(ViewMapper::brick).toList())
                    .setNextPageToken(page.nextToken())
                    .build();
        });
    }

    private List<BrickView> bricks(String cache) {
        if (cache.isEmpty()) {
            return node.bricks();
        }
        String name = node.cache(Arguments.name("cache", cache)).name();
        return node.bricks().stream()
                .filter(brick -> brick.cache().equals(name))
                .toList();
    }

    @Override
    public void getBrick(GetBrickRequest request, StreamObserver<GetBrickResponse> client) {
        calls.answer(
                "GetBrick",
                client,
                () -> GetBrickResponse.newBuilder()
                        .setBrick(ViewMapper.brick(node.brick(Arguments.name("name", request.getName()))))
                        .build());
    }

    @Override
    public void flushBrick(FlushBrickRequest request, StreamObserver<FlushBrickResponse> client) {
        calls.follow(
                "FlushBrick",
                client,
                progress ->
                        FlushBrickResponse.newBuilder().setProgress(progress).build(),
                progress -> FlushBrickResponse.newBuilder()
                        .setBrick(
                                ViewMapper.brick(node.flushBrick(Arguments.name("name", request.getName()), progress)))
                        .build());
    }
}
