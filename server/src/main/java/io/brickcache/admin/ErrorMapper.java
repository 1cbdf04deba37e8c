package io.brickcache.admin;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The only place where a failure becomes a gRPC status and a line of the log. */
final class ErrorMapper {
    static final String DOMAIN = "brickcache.io";

    private static final Logger LOG = LoggerFactory.getLogger(ErrorMapper.class);

    private ErrorMapper() {}

    /** The status of a reason. */
    static Code code(Reason reason) {
        return switch (reason) {
            case CACHE_NOT_FOUND, BRICK_NOT_FOUND, MAPPING_NOT_FOUND -> Code.NOT_FOUND;
            case CACHE_EXISTS, BRICK_EXISTS -> Code.ALREADY_EXISTS;
            case INVALID_ARGUMENT -> Code.INVALID_ARGUMENT;
            case CACHE_HAS_BRICKS,
                    BRICK_DIRTY,
                    BRICK_LOST,
                    BRICK_IN_USE,
                    BRICK_UNAVAILABLE,
                    BRICK_MAPPED,
                    NO_KERNEL_DRIVER,
                    CACHE_UNAVAILABLE,
                    NOTHING_TO_DECIDE,
                    DEVICE_IN_USE,
                    DEVICE_UNSUITABLE,
                    BUSY -> Code.FAILED_PRECONDITION;
            case NO_SPACE -> Code.RESOURCE_EXHAUSTED;
            case CANCELLED -> Code.CANCELLED;
            case SHUTTING_DOWN -> Code.UNAVAILABLE;
            case METADATA_CORRUPT -> Code.DATA_LOSS;
            case IO_FAILURE, INTERNAL -> Code.INTERNAL;
        };
    }

    /** Logs the failure of {@code call} at the level it deserves and answers with what the client gets to see. */
    static StatusRuntimeException toStatus(String call, Throwable failure) {
        if (failure instanceof AdminException known) {
            switch (known.reason()) {
                case IO_FAILURE, METADATA_CORRUPT, NO_SPACE, INTERNAL -> {
                    LOG.warn("{} failed: {}; {}", call, known.getMessage(), known.remedy());
                    LOG.debug("{} failed", call, known);
                }
                default -> LOG.info("{} refused: {}", call, known.getMessage());
            }
            return status(known);
        }
        LOG.error("{} failed by a fault of the service", call, failure);
        return status(new AdminException(
                Reason.INTERNAL,
                call + " failed by a fault of the service ("
                        + failure.getClass().getSimpleName() + ")",
                "look into its log with: journalctl -u brickcached",
                Map.of()));
    }

    private static StatusRuntimeException status(AdminException failure) {
        ErrorInfo info = ErrorInfo.newBuilder()
                .setReason(failure.reason().name())
                .setDomain(DOMAIN)
                .putAllMetadata(failure.metadata())
                .build();
        return StatusProto.toStatusRuntimeException(com.google.rpc.Status.newBuilder()
                .setCode(code(failure.reason()).value())
                .setMessage(failure.getMessage() + "; " + failure.remedy())
                .addDetails(Any.pack(info))
                .build());
    }
}
