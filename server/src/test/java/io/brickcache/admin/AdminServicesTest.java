package io.brickcache.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.ErrorInfo;
import io.brickcache.admin.v1.AttachBrickRequest;
import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.BrickDecision;
import io.brickcache.admin.v1.BrickServiceGrpc;
import io.brickcache.admin.v1.BrickState;
import io.brickcache.admin.v1.Cache;
import io.brickcache.admin.v1.CacheServiceGrpc;
import io.brickcache.admin.v1.CreateCacheRequest;
import io.brickcache.admin.v1.CreateCacheResponse;
import io.brickcache.admin.v1.DecideBrickRequest;
import io.brickcache.admin.v1.DeleteCacheRequest;
import io.brickcache.admin.v1.DetachBrickRequest;
import io.brickcache.admin.v1.DetachBrickResponse;
import io.brickcache.admin.v1.FlushBrickRequest;
import io.brickcache.admin.v1.FlushBrickResponse;
import io.brickcache.admin.v1.GetBrickRequest;
import io.brickcache.admin.v1.GetCacheRequest;
import io.brickcache.admin.v1.GetStatsRequest;
import io.brickcache.admin.v1.GetStatusRequest;
import io.brickcache.admin.v1.IoEngine;
import io.brickcache.admin.v1.ListBricksRequest;
import io.brickcache.admin.v1.ListBricksResponse;
import io.brickcache.admin.v1.ListCachesRequest;
import io.brickcache.admin.v1.ListLostRequest;
import io.brickcache.admin.v1.ListLostResponse;
import io.brickcache.admin.v1.NodeServiceGrpc;
import io.brickcache.admin.v1.NodeState;
import io.brickcache.admin.v1.ProgressUnit;
import io.brickcache.admin.v1.ScrubCacheRequest;
import io.brickcache.admin.v1.ScrubCacheResponse;
import io.brickcache.admin.v1.ScrubResult;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class AdminServicesTest {
    private final FakeNode node = new FakeNode();
    private final AdminApi api = new AdminApi(node, new TickingClock(1_000_000_000));
    private Server server;
    private ManagedChannel channel;
    private CacheServiceGrpc.CacheServiceBlockingStub caches;
    private BrickServiceGrpc.BrickServiceBlockingStub bricks;
    private NodeServiceGrpc.NodeServiceBlockingStub nodes;

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

    private Cache create(String name) {
        CreateCacheResponse last = last(caches.createCache(createRequest(name).build()));
        return last.getCache();
    }

    private static CreateCacheRequest.Builder createRequest(String name) {
        return CreateCacheRequest.newBuilder()
                .setName(name)
                .setDirectory("/ssd/" + name)
                .setSizeBytes(4L << 30);
    }

    private Brick attach(String name, String cache) {
        return bricks.attachBrick(AttachBrickRequest.newBuilder()
                        .setName(name)
                        .setCache(cache)
                        .setDevicePath("/dev/" + name)
                        .build())
                .getBrick();
    }

    private static <T> T last(Iterator<T> answers) {
        T last = answers.next();
        while (answers.hasNext()) {
            last = answers.next();
        }
        return last;
    }

    private static StatusRuntimeException failure(ThrowingCallable call) {
        return catchThrowableOfType(StatusRuntimeException.class, call);
    }

    private static ErrorInfo info(StatusRuntimeException failure) throws IOException {
        com.google.rpc.Status status = StatusProto.fromThrowable(failure);
        assertThat(status).isNotNull();
        return status.getDetails(0).unpack(ErrorInfo.class);
    }

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

    @ParameterizedTest
    @EnumSource(Reason.class)
    void shouldSendReasonMessageRemedyAndMetadataWhenThePortRefuses(Reason reason) throws IOException {
        node.failNext(new AdminException(reason, "the thing is so", "do that", Map.of("thing", "x1")));

        StatusRuntimeException failure = failure(
                () -> caches.getCache(GetCacheRequest.newBuilder().setName("c").build()));

        assertThat(failure.getStatus().getCode()).isEqualTo(ErrorMapper.code(reason));
        assertThat(failure.getStatus().getDescription()).isEqualTo("the thing is so; do that");
        assertThat(info(failure))
                .isEqualTo(ErrorInfo.newBuilder()
                        .setReason(reason.name())
                        .setDomain("brickcache.io")
                        .putMetadata("thing", "x1")
                        .build());
    }

    @ParameterizedTest
    @CsvSource({
        "CACHE_NOT_FOUND, NOT_FOUND",
        "BRICK_NOT_FOUND, NOT_FOUND",
        "CACHE_EXISTS, ALREADY_EXISTS",
        "BRICK_EXISTS, ALREADY_EXISTS",
        "INVALID_ARGUMENT, INVALID_ARGUMENT",
        "CACHE_HAS_BRICKS, FAILED_PRECONDITION",
        "BRICK_DIRTY, FAILED_PRECONDITION",
        "BRICK_IN_USE, FAILED_PRECONDITION",
        "DEVICE_IN_USE, FAILED_PRECONDITION",
        "DEVICE_UNSUITABLE, FAILED_PRECONDITION",
        "NO_SPACE, RESOURCE_EXHAUSTED",
        "BUSY, FAILED_PRECONDITION",
        "CANCELLED, CANCELLED",
        "SHUTTING_DOWN, UNAVAILABLE",
        "IO_FAILURE, INTERNAL",
        "METADATA_CORRUPT, DATA_LOSS",
        "INTERNAL, INTERNAL"
    })
    void shouldKeepTheStatusOfAReasonSinceClientsDependOnIt(Reason reason, Code code) {
        assertThat(ErrorMapper.code(reason)).isEqualTo(code);
    }

    @Test
    void shouldHideTheInsideWhenThePortFailsUnexpectedly() throws IOException {
        node.failNext(new IllegalStateException("secret detail"));

        StatusRuntimeException failure = failure(() -> nodes.getStatus(GetStatusRequest.getDefaultInstance()));

        assertThat(failure.getStatus().getCode()).isEqualTo(Code.INTERNAL);
        assertThat(info(failure).getReason()).isEqualTo("INTERNAL");
        assertThat(failure.getMessage())
                .contains("GetStatus")
                .contains("journalctl")
                .doesNotContain("secret");
    }

    @ParameterizedTest
    @CsvSource({
        "name, '', /ssd, 1073741824, 0, ''",
        "name, a/b, /ssd, 1073741824, 0, ''",
        "directory, ok, relative, 1073741824, 0, ''",
        "directory, ok, '', 1073741824, 0, ''",
        "size_bytes, ok, /ssd, 0, 0, ''",
        "size_bytes, ok, /ssd, 4194303, 65536, ''",
        "block_bytes, ok, /ssd, 1073741824, 5000, ''",
        "block_bytes, ok, /ssd, 1073741824, 131072, ''",
        "data_path, ok, /ssd, 1073741824, 0, relative"
    })
    void shouldNameTheFieldWhenAnArgumentIsWrong(
            String field, String name, String directory, long size, int block, String data) throws IOException {
        StatusRuntimeException failure = failure(() -> last(caches.createCache(CreateCacheRequest.newBuilder()
                .setName(name)
                .setDirectory(directory)
                .setSizeBytes(size)
                .setBlockBytes(block)
                .setDataPath(data)
                .build())));

        assertThat(failure.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
        assertThat(failure.getStatus().getDescription()).startsWith(field + ": ");
        assertThat(info(failure).getMetadataMap()).containsEntry("field", field);
        assertThat(node.caches()).isEmpty();
    }

    @Test
    void shouldRefusePagesThatCannotBe() throws IOException {
        StatusRuntimeException size = failure(() -> caches.listCaches(
                ListCachesRequest.newBuilder().setPageSize(1001).build()));
        assertThat(info(size).getMetadataMap()).containsEntry("field", "page_size");
        StatusRuntimeException token = failure(() -> caches.listCaches(
                ListCachesRequest.newBuilder().setPageToken("?").build()));
        assertThat(info(token).getMetadataMap()).containsEntry("field", "page_token");
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
