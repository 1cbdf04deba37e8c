package io.brickcache.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.admin.v1.GetStatusRequest;
import io.brickcache.admin.v1.NodeServiceGrpc;
import io.brickcache.env.ListenAddress;
import io.brickcache.env.TickingClock;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdminServerTest {
    private static final AdminServer.Transport TRANSPORT = new AdminServer.Transport(
            () -> new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()),
            EpollServerDomainSocketChannel.class);
    private static final EventLoopGroup CLIENT_LOOP = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

    @TempDir
    Path directory;

    @AfterAll
    static void stopClientLoop() {
        CLIENT_LOOP.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private Path socket() {
        return directory.resolve("admin.sock");
    }

    private AdminServer server(int mode, @Nullable String group) {
        return new AdminServer(
                new AdminOptions(new ListenAddress.Unix(socket()), mode, group),
                new FakeNode(),
                TRANSPORT,
                new TickingClock(1_000_000_000));
    }

    private ManagedChannel connect() {
        return NettyChannelBuilder.forAddress(new DomainSocketAddress(socket().toString()))
                .channelType(EpollDomainSocketChannel.class)
                .eventLoopGroup(CLIENT_LOOP)
                .overrideAuthority("localhost")
                .usePlaintext()
                .build();
    }

    private String version() {
        ManagedChannel channel = connect();
        try {
            return NodeServiceGrpc.newBlockingStub(channel)
                    .getStatus(GetStatusRequest.getDefaultInstance())
                    .getNode()
                    .getVersion();
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void shouldAnswerAndLeaveNothingBehindWhenItIsStartedAndClosed() throws IOException {
        try (AdminServer server = server(0660, null)) {
            server.start();
            assertThat(version()).isEqualTo("1.2.3");
        }
        try (var left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void shouldGiveTheSocketItsModeAndGroupWhenTheyAreConfigured() throws IOException {
        String group = Files.readAttributes(directory, PosixFileAttributes.class)
                .group()
                .getName();
        try (AdminServer server = server(0620, group)) {
            server.start();
            PosixFileAttributes attributes = Files.readAttributes(socket(), PosixFileAttributes.class);
            assertThat(PosixFilePermissions.toString(attributes.permissions())).isEqualTo("rw--w----");
            assertThat(attributes.group().getName()).isEqualTo(group);
        }
    }

    @Test
    void shouldFailAndLeaveNothingBehindWhenTheGroupIsUnknown() throws IOException {
        try (AdminServer server = server(0660, "no-such-group")) {
            assertThatThrownBy(server::start)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no-such-group")
                    .hasMessageContaining("groupadd");
        }
        try (var left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void shouldRefuseTheSocketAndLeaveItAloneWhenAnotherServiceListens() throws IOException {
        try (AdminServer first = server(0660, null);
                AdminServer second = server(0660, null)) {
            first.start();
            assertThatThrownBy(second::start)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(socket().toString())
                    .hasMessageContaining("another service listens");
            assertThat(version()).isEqualTo("1.2.3");
        }
    }

    @Test
    void shouldTakeTheSocketOverWhenItsServiceWasKilled() throws IOException {
        // Closing the channel leaves the file, as kill -9 does.
        try (ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            killed.bind(UnixDomainSocketAddress.of(socket()));
        }
        assertThat(socket()).exists();
        try (AdminServer server = server(0660, null)) {
            server.start();
            assertThat(version()).isEqualTo("1.2.3");
        }
        assertThat(socket()).doesNotExist();
    }

    @Test
    void shouldRefuseAndKeepTheFileWhenTheNameBelongsToSomethingElse() throws IOException {
        Files.writeString(socket(), "not a socket");
        try (AdminServer server = server(0660, null)) {
            assertThatThrownBy(server::start).hasMessageContaining("is not a socket");
        }
        assertThat(socket()).hasContent("not a socket");
    }

    @Test
    void shouldLeaveTheSocketOfItsSuccessorWhenItClosesLate() throws IOException {
        try (AdminServer successor = server(0660, null)) {
            try (AdminServer late = server(0660, null)) {
                late.start();
                Files.delete(socket());
                successor.start();
            }
            assertThat(version()).isEqualTo("1.2.3");
        }
    }

    @Test
    void shouldSayWhatToDoWhenTheDirectoryIsMissing() {
        AdminOptions options =
                new AdminOptions(new ListenAddress.Unix(directory.resolve("none/admin.sock")), 0660, null);
        try (AdminServer server = new AdminServer(options, new FakeNode(), TRANSPORT, new TickingClock(1))) {
            assertThatThrownBy(server::start)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(
                            "the directory " + directory.resolve("none") + " of the admin socket is missing");
        }
    }

    @Test
    void shouldReportHealthPerServiceWhenTheNodeComesUp() throws IOException {
        try (AdminServer server = server(0660, null)) {
            server.start();
            ManagedChannel channel = connect();
            HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(channel);
            for (String service : new String[] {"", "brickcache.admin.v1.BrickService"}) {
                HealthCheckRequest request =
                        HealthCheckRequest.newBuilder().setService(service).build();
                assertThat(health.check(request).getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
                server.serving();
                assertThat(health.check(request).getStatus()).isEqualTo(ServingStatus.SERVING);
                server.notServing();
            }
            channel.shutdownNow();
        }
    }

    @Test
    void shouldListItsServicesWhenAskedByReflection() throws Exception {
        try (AdminServer server = server(0660, null)) {
            server.start();
            ManagedChannel channel = connect();
            CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
            StreamObserver<ServerReflectionRequest> questions = ServerReflectionGrpc.newStub(channel)
                    .serverReflectionInfo(new StreamObserver<>() {
                        @Override
                        public void onNext(ServerReflectionResponse response) {
                            answer.complete(response);
                        }

                        @Override
                        public void onError(Throwable failure) {
                            answer.completeExceptionally(failure);
                        }

                        @Override
                        public void onCompleted() {}
                    });
            questions.onNext(
                    ServerReflectionRequest.newBuilder().setListServices("").build());
            assertThat(answer.get(30, TimeUnit.SECONDS)
                            .getListServicesResponse()
                            .getServiceList())
                    .extracting(ServiceResponse::getName)
                    .contains(
                            "brickcache.admin.v1.CacheService",
                            "brickcache.admin.v1.BrickService",
                            "brickcache.admin.v1.NodeService",
                            "grpc.health.v1.Health");
            questions.onCompleted();
            channel.shutdownNow();
        }
    }

    @Test
    void shouldRefuseOptionsThatLetStrangersIn() {
        ListenAddress unix = new ListenAddress.Unix(socket());
        assertThatThrownBy(() -> new AdminOptions(new ListenAddress.Tcp("localhost", 1), 0660, null))
                .hasMessageContaining("not a Unix socket");
        assertThatThrownBy(() -> new AdminOptions(unix, 0666, null)).hasMessageContaining("0666");
        assertThatThrownBy(() -> new AdminOptions(unix, 0060, null)).hasMessageContaining("admin.socket_mode 060");
        assertThatThrownBy(() -> new AdminOptions(unix, 0660, " ")).hasMessageContaining("admin.socket_group");
    }
}
