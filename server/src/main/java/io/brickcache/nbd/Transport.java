package io.brickcache.nbd;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import org.jspecify.annotations.Nullable;

/** How sockets are driven. Every loop that an NBD connection meets must be of the same kind. */
public enum Transport {
    IO_URING {
        @Override
        public @Nullable Throwable unavailabilityCause() {
            return IoUring.unavailabilityCause();
        }

        @Override
        public IoHandlerFactory ioHandlerFactory() {
            return IoUringIoHandler.newFactory();
        }

        @Override
        Class<? extends ServerChannel> unixServer() {
            return IoUringServerDomainSocketChannel.class;
        }

        @Override
        Class<? extends ServerChannel> tcpServer() {
            return IoUringServerSocketChannel.class;
        }
    },
    EPOLL {
        @Override
        public @Nullable Throwable unavailabilityCause() {
            return Epoll.unavailabilityCause();
        }

        @Override
        public IoHandlerFactory ioHandlerFactory() {
            return EpollIoHandler.newFactory();
        }

        @Override
        Class<? extends ServerChannel> unixServer() {
            return EpollServerDomainSocketChannel.class;
        }

        @Override
        Class<? extends ServerChannel> tcpServer() {
            return EpollServerSocketChannel.class;
        }
    };

    /** Why this machine cannot do it; null if it can. */
    public abstract @Nullable Throwable unavailabilityCause();

    /** For {@code MultiThreadIoEventLoopGroup}. */
    public abstract IoHandlerFactory ioHandlerFactory();

    abstract Class<? extends ServerChannel> unixServer();

    abstract Class<? extends ServerChannel> tcpServer();
}
