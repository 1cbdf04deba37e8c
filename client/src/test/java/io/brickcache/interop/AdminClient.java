package io.brickcache.interop;

import io.brickcache.admin.v1.AttachBrickRequest;
import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.BrickServiceGrpc;
import io.brickcache.admin.v1.BrickServiceGrpc.BrickServiceBlockingStub;
import io.brickcache.admin.v1.Cache;
import io.brickcache.admin.v1.CacheServiceGrpc;
import io.brickcache.admin.v1.CacheServiceGrpc.CacheServiceBlockingStub;
import io.brickcache.admin.v1.CreateCacheRequest;
import io.brickcache.admin.v1.DetachBrickRequest;
import io.brickcache.admin.v1.FlushBrickRequest;
import io.brickcache.admin.v1.GetBrickRequest;
import io.brickcache.admin.v1.GetCacheRequest;
import io.brickcache.admin.v1.GetStatusRequest;
import io.brickcache.admin.v1.NodeServiceGrpc;
import io.brickcache.admin.v1.NodeServiceGrpc.NodeServiceBlockingStub;
import io.brickcache.admin.v1.NodeState;
import io.brickcache.admin.v1.WriteAround;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The administration API of a running service. Tests set up with it: a call takes no JVM start, unlike the CLI. */
final class AdminClient implements AutoCloseable {
    private static final int TIMEOUT_SECONDS = 120;

    // gRPC sets TCP options on a Unix socket as well, and Netty warns of each.
    private static final Logger BOOTSTRAP = Logger.getLogger("io.netty.bootstrap");

    private final EventLoopGroup loop;
    private final ManagedChannel channel;

    AdminClient(Path socket) {
        BOOTSTRAP.setLevel(Level.SEVERE);
        loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
                .eventLoopGroup(loop)
                .channelType(EpollDomainSocketChannel.class)
                .usePlaintext()
                .build();
    }

    /** Whether the service answers and says that it serves. */
    boolean isServing() {
        try {
            return nodes().getStatus(GetStatusRequest.getDefaultInstance())
                            .getNode()
                            .getState()
                    == NodeState.NODE_STATE_SERVING;
        } catch (StatusRuntimeException e) {
            // Not listening yet. The channel would wait longer each time before it tries again.
            channel.resetConnectBackoff();
            return false;
        }
    }

    /** Creates a cache and waits for the end of its writing. */
    void createCache(String name, Path directory, long sizeBytes, int blockBytes) {
        caches().createCache(CreateCacheRequest.newBuilder()
                        .setName(name)
                        .setDirectory(directory.toString())
                        .setSizeBytes(sizeBytes)
                        .setBlockBytes(blockBytes)
                        .build())
                .forEachRemaining(event -> {});
    }

    void attachBrick(String name, String cache, Path device) {
        bricks().attachBrick(AttachBrickRequest.newBuilder()
                .setName(name)
                .setCache(cache)
                .setDevicePath(device.toString())
                .build());
    }

    /** Demotes what is dirty and detaches the brick. */
    void flushAndDetach(String name) {
        bricks().detachBrick(DetachBrickRequest.newBuilder()
                        .setName(name)
                        .setFlush(true)
                        .build())
                .forEachRemaining(event -> {});
    }

    /** Demotes what is dirty. */
    void flush(String name) {
        bricks().flushBrick(FlushBrickRequest.newBuilder().setName(name).build())
                .forEachRemaining(event -> {});
    }

    Brick brick(String name) {
        return bricks().getBrick(GetBrickRequest.newBuilder().setName(name).build())
                .getBrick();
    }

    Cache cache(String name) {
        return caches().getCache(GetCacheRequest.newBuilder().setName(name).build())
                .getCache();
    }

    /** Bytes that went to the disk and not to the SSD, for whatever reason. */
    long writeAroundBytes(String brick) {
        return brick(brick).getStats().getWriteAroundsList().stream()
                .mapToLong(WriteAround::getWrittenBytes)
                .sum();
    }

    private NodeServiceBlockingStub nodes() {
        return NodeServiceGrpc.newBlockingStub(channel).withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private CacheServiceBlockingStub caches() {
        return CacheServiceGrpc.newBlockingStub(channel).withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private BrickServiceBlockingStub bricks() {
        return BrickServiceGrpc.newBlockingStub(channel).withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        channel.shutdownNow();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
