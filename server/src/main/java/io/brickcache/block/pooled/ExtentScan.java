package io.brickcache.block.pooled;

import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenedDevice;
import io.brickcache.block.nativeio.Descriptor;
import io.brickcache.block.nativeio.Errno;

/** Describes what of a device is allocated: the holes of a file; of a block device everything is. */
final class ExtentScan {

    private ExtentScan() {}

    static IoStatus describe(OpenedDevice device, ExtentsRequest request) {
        if (request.context() != ExtentsRequest.Context.ALLOCATION) {
            return IoStatus.NOT_SUPPORTED;
        }
        long position = request.offset();
        long end = position + request.length();
        if (device.kind() == OpenedDevice.Kind.BLOCK_DEVICE) {
            request.add(end - position, 0);
            return IoStatus.OK;
        }
        Descriptor file = device.main();
        while (position < end) {
            long data = file.seekData(position);
            if (data == -Errno.ENXIO) {
                data = end;
            }
            if (data < 0) {
                // A file system that cannot tell: all of it counts as data.
                request.add(end - position, 0);
                return IoStatus.OK;
            }
            data = Math.min(data, end);
            if (data > position && !request.add(data - position, ExtentsRequest.HOLE | ExtentsRequest.ZERO)) {
                return IoStatus.OK;
            }
            if (data == end) {
                return IoStatus.OK;
            }
            long hole = file.seekHole(data);
            long dataEnd = hole < 0 ? end : Math.min(hole, end);
            if (!request.add(dataEnd - data, 0)) {
                return IoStatus.OK;
            }
            position = dataEnd;
        }
        return IoStatus.OK;
    }
}
