package io.brickcache.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.nio.ByteBuffer;

/** Wrong devices: each does one thing wrong, rarely. The judge must find every one of them. */
enum DiskBug {
    LOSES_A_FLUSHED_WRITE(IoOp.FLUSH) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.loop.execute(() -> request.completed(IoStatus.OK));
        }
    },
    ANSWERS_A_FLUSH_EARLY(IoOp.FLUSH) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            IoRequest tooLate = new IoRequest() {
                @Override
                public void completed(IoStatus status) {
                    // Nobody waits for it any more.
                }
            };
            tooLate.prepareFlush();
            device.inner().submit(tooLate);
            device.loop.execute(() -> request.completed(IoStatus.OK));
        }
    },
    IGNORES_FUA(IoOp.WRITE, IoOp.WRITE_ZEROES) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.submitInstead(request, request.offset(), request.length(), 0, 0);
        }
    },
    FLUSHES_ANOTHER_BRICK(IoOp.FLUSH) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.otherBrick(request).submit(request);
        }
    },
    RETURNS_A_STALE_READ(IoOp.READ) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.answerWithOldContent(request);
        }
    },
    READS_ANOTHER_PLACE(IoOp.READ) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.submitInstead(request, device.neighbour(request), request.length(), request.flags(), 0);
        }
    },
    READS_ANOTHER_BRICK(IoOp.READ) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.otherBrick(request).submit(request);
        }
    },
    WRITES_ANOTHER_PLACE(IoOp.WRITE) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.submitInstead(request, device.neighbour(request), request.length(), request.flags(), 0);
        }
    },
    SWAPS_TWO_SECTORS(IoOp.WRITE) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            if (request.length() >= 1024) {
                device.swapFirstTwoSectors(request);
            } else {
                device.passOn(request);
            }
        }
    },
    TEARS_A_WRITE(IoOp.WRITE) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            long part = (request.length() + 512) / 1024 * 512;
            device.submitInstead(request, request.offset(), part, request.flags(), 0);
        }
    },
    DROPS_A_WRITE(IoOp.WRITE) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.loop.execute(() -> request.completed(IoStatus.OK));
        }
    },
    ANSWERS_A_WRITE_EARLY(IoOp.WRITE) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.submitUnheard(request);
            request.completed(IoStatus.OK);
        }
    },
    CHANGES_ONE_BYTE(IoOp.WRITE) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            int at = request.bufferOffset() + (int) request.length() - 7;
            ByteBuffer bytes = request.buffer().bytes().clear();
            bytes.put(at, (byte) (bytes.get(at) + 1));
            device.passOn(request);
        }
    },
    ZEROES_TOO_LITTLE(IoOp.WRITE_ZEROES) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            if (request.length() > 512) {
                device.submitInstead(request, request.offset() + 512, request.length() - 512, request.flags(), 0);
            } else {
                device.loop.execute(() -> request.completed(IoStatus.OK));
            }
        }
    },
    TRIMS_TOO_MUCH(IoOp.TRIM) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            long start = Math.max(0, request.offset() - 4096);
            request.prepare(IoOp.WRITE_ZEROES, start, request.offset() + request.length() - start, 0);
            device.passOn(request);
        }
    },
    FORGETS_TO_ANSWER(IoOp.READ, IoOp.WRITE, IoOp.FLUSH) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.submitUnheard(request);
        }
    },
    ANSWERS_TWICE(IoOp.READ, IoOp.WRITE, IoOp.FLUSH) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.passOn(request);
            device.loop.schedule(1_000_000_000, () -> request.completed(IoStatus.OK));
        }
    },
    FAILS_FOR_NO_REASON(IoOp.READ, IoOp.WRITE) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.loop.execute(() -> request.completed(IoStatus.IO_ERROR));
        }
    },
    STOPS_WITHOUT_SYNC() {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            throw new IllegalStateException("not a bug of requests");
        }
    },
    GOES_ROUND_FOR_EVER(IoOp.FLUSH) {
        @Override
        void misbehave(BrokenDevice device, IoRequest request) {
            device.loop.execute(() -> misbehave(device, request));
        }
    };

    /** Bit by ordinal: the kinds of request that may meet with the bug. */
    private final int ops;

    DiskBug(IoOp... ops) {
        int bits = 0;
        for (IoOp op : ops) {
            bits |= 1 << op.ordinal();
        }
        this.ops = bits;
    }

    abstract void misbehave(BrokenDevice device, IoRequest request);

    /** Bare disks, of which one request in {@code oneIn} of the right kind meets with the bug. */
    SystemUnderTest plant(int oneIn, Scenario scenario, SimLoop loop, SeededEntropy entropy) {
        return new BrokenSystem(this, oneIn, scenario, loop, entropy);
    }

    boolean concerns(IoRequest request) {
        return (ops & 1 << request.op().ordinal()) != 0;
    }

    private static final class BrokenSystem extends PassThroughSystem {
        private final DiskBug bug;
        private final int oneIn;

        BrokenSystem(DiskBug bug, int oneIn, Scenario scenario, SimLoop loop, SeededEntropy entropy) {
            super(scenario, loop, entropy);
            this.bug = bug;
            this.oneIn = oneIn;
        }

        @Override
        public void stop(Runnable done) {
            if (bug == STOPS_WITHOUT_SYNC) {
                loop().execute(done);
            } else {
                super.stop(done);
            }
        }

        @Override
        BlockDevice wrap(int brick, SimDevice disk) {
            return new BrokenDevice(bug, oneIn, this, brick, disk);
        }
    }
}
