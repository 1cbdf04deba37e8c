package io.brickcache.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.ErrorInfo;
import io.brickcache.admin.v1.CreateCacheRequest;
import io.brickcache.admin.v1.GetCacheRequest;
import io.brickcache.admin.v1.GetStatusRequest;
import io.brickcache.admin.v1.ListCachesRequest;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What clients get to see of failures. */
class AdminErrorsTest extends AdminServicesRig {

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
}
