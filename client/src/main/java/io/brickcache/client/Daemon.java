package io.brickcache.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.brickcache.admin.v1.BrickServiceGrpc;
import io.brickcache.admin.v1.BrickServiceGrpc.BrickServiceBlockingStub;
import io.brickcache.admin.v1.CacheServiceGrpc;
import io.brickcache.admin.v1.CacheServiceGrpc.CacheServiceBlockingStub;
import io.brickcache.admin.v1.MappingServiceGrpc;
import io.brickcache.admin.v1.MappingServiceGrpc.MappingServiceBlockingStub;
import io.brickcache.admin.v1.NodeServiceGrpc;
import io.brickcache.admin.v1.NodeServiceGrpc.NodeServiceBlockingStub;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A connection to brickcached, and what its errors mean. NIO and not epoll: no native library has to be unpacked and
 * loaded for one call.
 */
final class Daemon implements AutoCloseable {
    private static final String DOMAIN = "brickcache.io";

    private final Path socket;
    private final Duration timeout;
    private final EventLoopGroup loop;
    private final ManagedChannel channel;

    private Daemon(Path socket, Duration timeout, EventLoopGroup loop, ManagedChannel channel) {
        this.socket = socket;
        this.timeout = timeout;
        this.loop = loop;
        this.channel = channel;
    }

    /** Connects at the first call. */
    static Daemon at(Path socket, Duration timeout) {
        EventLoopGroup loop = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("brickcache-loop", true), NioIoHandler.newFactory());
        ManagedChannel channel = NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
                .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
                .eventLoopGroup(loop)
                .overrideAuthority("localhost")
                .usePlaintext()
                .directExecutor()
                .build();
        return new Daemon(socket, timeout, loop, channel);
    }

    NodeServiceBlockingStub node() {
        return NodeServiceGrpc.newBlockingStub(channel).withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    CacheServiceBlockingStub caches() {
        return CacheServiceGrpc.newBlockingStub(channel).withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    BrickServiceBlockingStub bricks() {
        return BrickServiceGrpc.newBlockingStub(channel).withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    MappingServiceBlockingStub mappings() {
        return MappingServiceGrpc.newBlockingStub(channel).withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** For long work: no deadline. */
    CacheServiceBlockingStub longCacheWork() {
        return CacheServiceGrpc.newBlockingStub(channel);
    }

    /** For long work: no deadline. */
    BrickServiceBlockingStub longBrickWork() {
        return BrickServiceGrpc.newBlockingStub(channel);
    }

    /** Makes a call, and a {@link Failure} of its error. */
    <T> T ask(Supplier<T> call) {
        try {
            return call.get();
        } catch (StatusRuntimeException e) {
            throw failure(e);
        }
    }

    /** Asks for one page after the other, from the first on: {@code call} takes the token that the page before gave. */
    <P> List<P> askPages(Function<String, P> call, Function<P, String> nextToken) {
        List<P> pages = new ArrayList<>();
        String token = "";
        do {
            String asked = token;
            P page = ask(() -> call.apply(asked));
            pages.add(page);
            token = nextToken.apply(page);
        } while (!token.isEmpty());
        return pages;
    }

    Failure failure(StatusRuntimeException error) {
        Status status = error.getStatus();
        ExitCode exit = ExitCode.of(status.getCode());
        String said = status.getDescription();
        if (fromService(error) && said != null) {
            return new Failure(exit, said);
        }
        return switch (status.getCode()) {
            case UNAVAILABLE -> new Failure(exit, unreachable());
            case DEADLINE_EXCEEDED ->
                new Failure(
                        exit,
                        "no answer from " + socket + " within " + timeout.toMillis()
                                + " ms, the work may still go on; give it more time with --timeout");
            case UNIMPLEMENTED ->
                new Failure(
                        exit,
                        "the daemon does not know this call; install the same version of both: brickcache version");
            default ->
                new Failure(exit, status.getCode() + ": " + said + "; look into the log: journalctl -u brickcached");
        };
    }

    private String unreachable() {
        if (!Files.exists(socket)) {
            return "no daemon at " + socket + "; start it (systemctl start brickcached) or name another --endpoint";
        }
        if (!Files.isWritable(socket)) {
            return "no permission to use " + socket + "; use sudo, or join the group of that socket";
        }
        return "no daemon answers at " + socket + "; start it (systemctl start brickcached), or look why it stopped"
                + " (journalctl -u brickcached)";
    }

    private static boolean fromService(StatusRuntimeException error) {
        com.google.rpc.Status details = StatusProto.fromThrowable(error);
        if (details == null) {
            return false;
        }
        for (Any detail : details.getDetailsList()) {
            try {
                if (detail.is(ErrorInfo.class)
                        && detail.unpack(ErrorInfo.class).getDomain().equals(DOMAIN)) {
                    return true;
                }
            } catch (InvalidProtocolBufferException e) {
                return false;
            }
        }
        return false;
    }

    @Override
    public void close() {
        channel.shutdownNow();
        // Not waited for: its thread is a daemon, and the command has its answer.
        Future<?> unused = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
