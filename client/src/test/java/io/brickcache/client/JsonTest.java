package io.brickcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.JsonFormat;
import io.brickcache.admin.v1.GetBrickRequest;
import io.brickcache.admin.v1.GetStatsResponse;
import io.brickcache.admin.v1.ListBricksResponse;
import io.brickcache.admin.v1.Node;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonTest {
    @TempDir
    Path directory;

    @Test
    void shouldKeepTheJsonOfABrickSinceScriptsDependOnIt() throws IOException {
        try (TestClient client = TestClient.start(directory)) {
            client.addCache("fast");
            client.addBrick("b1", "fast");
            client.node.write("b1", 3L << 32, Duration.ofMillis(61_500));

            assertThat(client.run("brick", "show", "b1", "-o", "json").out()).isEqualTo("""
                            {
                              "name": "b1",
                              "uuid": "edbab455-72c7-3a5d-9440-b40bcc0500c0",
                              "cache": "fast",
                              "device_path": "/dev/disk/by-id/b1",
                              "size_bytes": 8589934592,
                              "state": "BRICK_STATE_SERVING",
                              "state_reason": "",
                              "mode": "BRICK_MODE_WRITE_BACK",
                              "dirty_bytes": 12884901888,
                              "cached_bytes": 13421772800,
                              "oldest_dirty_age": "61.500s",
                              "connections": 0,
                              "export_uris": [
                                "nbd+unix:///b1?socket=/run/brickcache/nbd.sock"
                              ],
                              "stats": {
                                "reads": 1000,
                                "writes": 500,
                                "flushes": 20,
                                "trims": 3,
                                "read_bytes": 4096000,
                                "written_bytes": 2048000,
                                "read_hit_blocks": 900,
                                "read_miss_blocks": 100,
                                "written_cached_bytes": 1048576,
                                "write_arounds": [
                                  {
                                    "reason": "WRITE_AROUND_REASON_NO_FREE_SLOT",
                                    "written_bytes": 999424
                                  },
                                  {
                                    "reason": "WRITE_AROUND_REASON_SEQUENTIAL",
                                    "written_bytes": 0
                                  },
                                  {
                                    "reason": "WRITE_AROUND_REASON_CACHE_FAILING",
                                    "written_bytes": 0
                                  },
                                  {
                                    "reason": "WRITE_AROUND_REASON_UNALIGNED",
                                    "written_bytes": 0
                                  },
                                  {
                                    "reason": "WRITE_AROUND_REASON_DISK_UNSYNCED",
                                    "written_bytes": 0
                                  },
                                  {
                                    "reason": "WRITE_AROUND_REASON_NO_GAIN",
                                    "written_bytes": 0
                                  }
                                ],
                                "promoted_blocks": 100,
                                "evicted_blocks": 7,
                                "demoted_blocks": 256,
                                "demotion_ios": 4,
                                "disk_read_errors": 0,
                                "disk_write_errors": 0,
                                "ssd_read_errors": 0,
                                "ssd_write_errors": 0,
                                "read_stream_blocks": 30,
                                "read_around_blocks": 40
                              },
                              "lost_blocks": 0,
                              "lost_bytes": 0,
                              "disk_size_bytes": 8589934592
                            }
                            """);
        }
    }

    @Test
    void shouldReadBackAsTheSameMessageByTheStandardMapping() throws IOException {
        Node node = Node.newBuilder()
                .setVersion("a \"quoted\" \\ \n\t\u0001 \u00e9")
                .setStartTime(com.google.protobuf.Timestamp.newBuilder()
                        .setSeconds(1_767_323_045)
                        .setNanos(120_000))
                .setUptime(com.google.protobuf.Duration.newBuilder().setNanos(1))
                .setIoEngineValue(1)
                .build();
        Node.Builder read = Node.newBuilder();
        JsonFormat.parser().merge(Json.of(node), read);
        assertThat(read.build()).isEqualTo(node);

        try (TestClient client = TestClient.start(directory)) {
            client.addCache("fast");
            client.addBrick("b1", "fast");
            ListBricksResponse.Builder list = ListBricksResponse.newBuilder();
            JsonFormat.parser().merge(client.run("brick", "list", "-o", "json").out(), list);
            assertThat(list.getBricks(0).getStats().getReadHitBlocks()).isEqualTo(900);
            GetStatsResponse.Builder stats = GetStatsResponse.newBuilder();
            JsonFormat.parser()
                    .ignoringUnknownFields()
                    .merge(client.run("status", "-o", "json").out(), stats);
            assertThat(stats.getCaches(0).getBricksList()).containsExactly("b1");
        }
    }

    @Test
    void shouldWriteEmptyThingsInOneWord() {
        assertThat(Json.of(GetStatsResponse.getDefaultInstance()))
                .isEqualTo("{\n  \"caches\": [],\n  \"bricks\": []\n}");
        assertThat(Json.of(Map.of())).isEqualTo("{}");
        assertThat(Json.of(GetBrickRequest.getDefaultInstance())).isEqualTo("{\n  \"name\": \"\"\n}");
        assertThat(Json.of(null)).isEqualTo("null");
    }
}
