package io.brickcache.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.BrickDecision;
import io.brickcache.admin.v1.BrickState;
import io.brickcache.admin.v1.Cache;
import io.brickcache.admin.v1.CreateCacheResponse;
import io.brickcache.admin.v1.DecideBrickRequest;
import io.brickcache.admin.v1.DeleteCacheRequest;
import io.brickcache.admin.v1.DetachBrickRequest;
import io.brickcache.admin.v1.DetachBrickResponse;
import io.brickcache.admin.v1.FlushBrickRequest;
import io.brickcache.admin.v1.FlushBrickResponse;
import io.brickcache.admin.v1.GetBrickRequest;
import io.brickcache.admin.v1.GetStatsRequest;
import io.brickcache.admin.v1.GetStatusRequest;
import io.brickcache.admin.v1.IoEngine;
import io.brickcache.admin.v1.ListBricksRequest;
import io.brickcache.admin.v1.ListBricksResponse;
import io.brickcache.admin.v1.ListLostRequest;
import io.brickcache.admin.v1.ListLostResponse;
import io.brickcache.admin.v1.NodeState;
import io.brickcache.admin.v1.ProgressUnit;
import io.brickcache.admin.v1.ScrubCacheRequest;
import io.brickcache.admin.v1.ScrubCacheResponse;
import io.brickcache.admin.v1.ScrubResult;
import io.grpc.Context;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AdminServicesTest extends AdminServicesRig {

    @Test
    void shouldStreamProgressAndThenTheCacheWhenOneIsCreated() {
        List<CreateCacheResponse> answers = new ArrayList<>();
        caches.createCache(createRequest("fast").build()).forEachRemaining(answers::add);

        assertThat(answers).hasSizeGreaterThan(1);
        assertThat(answers.subList(0, answers.size() - 1))
                .allSatisfy(answer -> {
                    assertThat(answer.getProgress().getUnit()).isEqualTo(ProgressUnit.PROGRESS_UNIT_BYTES);
                    assertThat(answer.getProgress().getTotal()).isEqualTo(4L << 30);
                })
                .isSortedAccordingTo((a, b) ->
                        Long.compare(a.getProgress().getDone(), b.getProgress().getDone()));
        Cache cache = answers.get(answers.size() - 1).getCache();
        assertThat(cache.getName()).isEqualTo("fast");
        assertThat(cache.getDataPath()).isEqualTo("/ssd/fast/data");
        assertThat(cache.getBlockBytes()).isEqualTo(4096);
        assertThat(cache.getSlots()).isEqualTo(1 << 20);
        assertThat(cache.getUsedSlots() + cache.getFreeSlots()).isEqualTo(cache.getSlots());
    }

    @Test
    void shouldShowEveryFieldOfABrickWhenAskedForIt() {
        create("fast");
        attach("b1", "fast");
        node.write("b1", 12_345 * 512, Duration.ofMillis(61_500));
        node.connect("b1", 2);
        node.change("b1", BrickView.State.FENCED, "sector 77 differs");

        Brick brick = bricks.getBrick(GetBrickRequest.newBuilder().setName("b1").build())
                .getBrick();

        assertThat(brick.getDirtyBytes()).isEqualTo(12_345 * 512);
        assertThat(brick.getOldestDirtyAge().getSeconds()).isEqualTo(61);
        assertThat(brick.getOldestDirtyAge().getNanos()).isEqualTo(500_000_000);
        assertThat(brick.getConnections()).isEqualTo(2);
        assertThat(brick.getState()).isEqualTo(BrickState.BRICK_STATE_FENCED);
        assertThat(brick.getStateReason()).isEqualTo("sector 77 differs");
        assertThat(brick.getExportUrisList()).containsExactly("nbd+unix:///b1?socket=/run/brickcache/nbd.sock");
        assertThat(brick.getStats().getReadHitBlocks()).isEqualTo(900);
        assertThat(brick.getStats().getWriteAroundsList()).hasSize(BrickCounters.WriteAround.values().length);
        assertThat(brick.getStats().getWriteArounds(0).getWrittenBytes()).isEqualTo(999_424);
    }

    @Test
    void shouldLeaveTheAgeUnsetWhenNothingIsDirty() {
        create("fast");
        assertThat(attach("b1", "fast").hasOldestDirtyAge()).isFalse();
    }

    @Test
    void shouldListEveryBrickOnceInOrderWhenReadByPages() {
        create("fast");
        create("slow");
        for (int i = 9; i >= 1; i--) {
            attach("b" + i, i == 5 ? "slow" : "fast");
        }
        List<String> names = new ArrayList<>();
        String token = "";
        do {
            ListBricksResponse page = bricks.listBricks(ListBricksRequest.newBuilder()
                    .setPageSize(4)
                    .setPageToken(token)
                    .setCache("fast")
                    .build());
            page.getBricksList().forEach(brick -> names.add(brick.getName()));
            token = page.getNextPageToken();
        } while (!token.isEmpty());

        assertThat(names).containsExactly("b1", "b2", "b3", "b4", "b6", "b7", "b8", "b9");
    }

    @Test
    void shouldReportTheNodeAndItsNumbersWhenAsked() {
        create("fast");
        attach("b2", "fast");
        attach("b1", "fast");

        var status = nodes.getStatus(GetStatusRequest.getDefaultInstance()).getNode();
        assertThat(status.getVersion()).isEqualTo("1.2.3");
        assertThat(status.getUptime().getSeconds()).isEqualTo(93_784);
        assertThat(status.getIoEngine()).isEqualTo(IoEngine.IO_ENGINE_IO_URING);
        assertThat(status.getState()).isEqualTo(NodeState.NODE_STATE_SERVING);
        var stats = nodes.getStats(GetStatsRequest.getDefaultInstance());
        assertThat(stats.getBricksList()).extracting(Brick::getName).containsExactly("b1", "b2");
        assertThat(stats.getCaches(0).getBricksList()).containsExactly("b1", "b2");
        assertThat(stats.getCaches(0).getStats().getCommits()).isEqualTo(17);
    }

    @Test
    void shouldRefuseToDetachWhenDataIsDirtyAndFlushItWhenAsked() throws IOException {
        create("fast");
        attach("b1", "fast");
        node.write("b1", 1 << 20, Duration.ofSeconds(1));
        DetachBrickRequest.Builder request = DetachBrickRequest.newBuilder().setName("b1");

        StatusRuntimeException refused = failure(() -> last(bricks.detachBrick(request.build())));
        assertThat(refused.getStatus().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
        assertThat(info(refused).getReason()).isEqualTo("BRICK_DIRTY");
        assertThat(info(refused).getMetadataMap()).containsEntry("dirty_bytes", "1048576");

        DetachBrickResponse last =
                last(bricks.detachBrick(request.setFlush(true).build()));
        assertThat(last.getBrick().getDirtyBytes()).isZero();
        assertThat(node.bricks()).isEmpty();
    }

    private static LostView.Range lost(int block) {
        return new LostView.Range(
                4096L * block,
                4096,
                Instant.ofEpochSecond(1_767_000_000L + block),
                LostView.Cause.CHECKSUM,
                LostView.State.UNREADABLE);
    }

    @Test
    void shouldListLostRangesByOffsetWhenTheyFillSeveralPages() throws IOException {
        create("fast");
        attach("b1", "fast");
        node.lose("b1", IntStream.range(0, 25).mapToObj(i -> lost(10 * i)).toArray(LostView.Range[]::new));

        List<Long> offsets = new ArrayList<>();
        String token = "";
        do {
            ListLostResponse page = bricks.listLost(ListLostRequest.newBuilder()
                    .setName("b1")
                    .setPageSize(10)
                    .setPageToken(token)
                    .build());
            page.getRangesList().forEach(range -> offsets.add(range.getOffsetBytes()));
            token = page.getNextPageToken();
        } while (!token.isEmpty());

        assertThat(offsets).hasSize(25).isSorted();
        Brick brick = bricks.getBrick(GetBrickRequest.newBuilder().setName("b1").build())
                .getBrick();
        assertThat(brick.getLostBlocks()).isEqualTo(25);
        assertThat(brick.getLostBytes()).isEqualTo(25 * 4096);
    }

    @Test
    void shouldRefuseToDetachWhenBlocksAreLostUnlessTheyAreGivenUpAfterAFlush() throws IOException {
        create("fast");
        attach("b1", "fast");
        node.lose("b1", lost(3));
        DetachBrickRequest.Builder request = DetachBrickRequest.newBuilder().setName("b1");

        StatusRuntimeException refused =
                failure(() -> last(bricks.detachBrick(request.setFlush(true).build())));
        assertThat(refused.getStatus().getCode()).isEqualTo(Code.FAILED_PRECONDITION);
        assertThat(info(refused).getReason()).isEqualTo("BRICK_LOST");
        assertThat(info(refused).getMetadataMap())
                .containsEntry("lost_blocks", "1")
                .containsEntry("lost_bytes", "4096");
        StatusRuntimeException unflushed = failure(() -> last(
                bricks.detachBrick(request.setFlush(false).setGiveUpLost(true).build())));
        assertThat(info(unflushed).getMetadataMap()).containsEntry("field", "give_up_lost");
        StatusRuntimeException both = failure(() -> last(bricks.detachBrick(
                request.setFlush(true).setGiveUpLost(false).setGiveUpDirty(true).build())));
        assertThat(info(both).getMetadataMap()).containsEntry("field", "give_up_dirty");
        request.setGiveUpDirty(false);

        last(bricks.detachBrick(request.setFlush(true).setGiveUpLost(true).build()));
        assertThat(node.bricks()).isEmpty();
    }

    @Test
    void shouldStreamProgressAndThenTheResultWhenACacheIsScrubbed() throws IOException {
        create("fast");
        node.scrubsFind(new ScrubView(100, 2, 1));

        ScrubCacheResponse last = last(caches.scrubCache(ScrubCacheRequest.newBuilder()
                .setName("fast")
                .setBytesPerSecond(1 << 20)
                .build()));

        assertThat(last.getResult())
                .isEqualTo(ScrubResult.newBuilder()
                        .setCheckedBlocks(100)
                        .setHealedBlocks(2)
                        .setLostBlocks(1)
                        .build());
        StatusRuntimeException slow = failure(() -> last(caches.scrubCache(ScrubCacheRequest.newBuilder()
                .setName("fast")
                .setBytesPerSecond(1)
                .build())));
        assertThat(slow.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
    }

    @Test
    void shouldStopTheFlushWhenTheClientCancels() throws InterruptedException {
        create("fast");
        attach("b1", "fast");
        node.write("b1", 1 << 20, Duration.ofSeconds(1));
        node.holdLongWork();
        try (Context.CancellableContext call = Context.current().withCancellation()) {
            Iterator<FlushBrickResponse> answers = call.wrap(() -> bricks.flushBrick(
                            FlushBrickRequest.newBuilder().setName("b1").build()))
                    .call();
            assertThat(answers.next().hasProgress()).isTrue();
            node.awaitHalfway();
            call.cancel(null);
            node.awaitCancelled();
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        assertThat(node.brick("b1").dirtyBytes()).isEqualTo(1 << 20);
    }

    @Test
    void shouldEndLongWorkAsShuttingDownWhenTheServiceStops() throws Exception {
        create("fast");
        attach("b1", "fast");
        node.holdLongWork();
        Iterator<FlushBrickResponse> answers =
                bricks.flushBrick(FlushBrickRequest.newBuilder().setName("b1").build());
        node.awaitHalfway();
        api.stop();

        StatusRuntimeException failure = failure(() -> last(answers));
        assertThat(failure.getStatus().getCode()).isEqualTo(Code.UNAVAILABLE);
        assertThat(info(failure).getReason()).isEqualTo("SHUTTING_DOWN");
        StatusRuntimeException later = failure(() -> nodes.getStatus(GetStatusRequest.getDefaultInstance()));
        assertThat(info(later).getReason()).isEqualTo("SHUTTING_DOWN");
    }

    @Test
    void shouldRefuseAsBusyWhenMoreLongWorkIsAskedForThanThereAreThreads() throws Exception {
        create("fast");
        attach("b1", "fast");
        node.holdLongWork();
        FlushBrickRequest request = FlushBrickRequest.newBuilder().setName("b1").build();
        List<Iterator<FlushBrickResponse>> held = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            Iterator<FlushBrickResponse> answers = bricks.flushBrick(request);
            answers.next();
            held.add(answers);
        }
        StatusRuntimeException failure = failure(() -> last(bricks.flushBrick(request)));
        assertThat(info(failure).getReason()).isEqualTo("BUSY");
        assertThat(nodes.getStatus(GetStatusRequest.getDefaultInstance()).hasNode())
                .isTrue();
        node.releaseLongWork();
        assertThat(held)
                .allSatisfy(answers -> assertThat(last(answers).hasBrick()).isTrue());
    }

    @Test
    void shouldKeepTheCacheWhenBricksAreAttached() throws IOException {
        create("fast");
        attach("b1", "fast");
        DeleteCacheRequest request =
                DeleteCacheRequest.newBuilder().setName("fast").build();

        assertThat(info(failure(() -> caches.deleteCache(request))).getReason()).isEqualTo("CACHE_HAS_BRICKS");
        node.detachBrick(
                "b1", NodeAdministration.DirtyData.REFUSE, NodeAdministration.LostData.REFUSE, ProgressListener.NONE);
        assertThat(caches.deleteCache(request).getCache().getName()).isEqualTo("fast");
        assertThat(info(failure(() -> caches.deleteCache(request))).getReason()).isEqualTo("CACHE_NOT_FOUND");
    }

    @Test
    void shouldDecideAboutAFencedBrickOnlyAsFarAsItWasTold() throws IOException {
        create("fast");
        attach("b1", "fast");
        DecideBrickRequest.Builder request = DecideBrickRequest.newBuilder().setName("b1");
        assertThat(info(failure(() -> bricks.decideBrick(request.build()))).getMetadataMap())
                .containsEntry("field", "decision");
        request.setDecision(BrickDecision.BRICK_DECISION_KEEP_DISK);
        assertThat(info(failure(() -> bricks.decideBrick(request.build()))).getReason())
                .isEqualTo("NOTHING_TO_DECIDE");
        node.write("b1", 4096, Duration.ofSeconds(1));
        node.change("b1", BrickView.State.FENCED, "sector 77 differs");

        assertThat(info(failure(() -> bricks.decideBrick(request.build()))).getReason())
                .isEqualTo("BRICK_DIRTY");
        Brick kept = bricks.decideBrick(request.setGiveUpDirty(true).build()).getBrick();

        assertThat(kept.getDirtyBytes()).isZero();
        assertThat(kept.getState()).isEqualTo(BrickState.BRICK_STATE_SERVING);
    }
}
