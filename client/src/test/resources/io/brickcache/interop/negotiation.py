# What an old or a careful client negotiates.
import os

uri = os.environ["NBD_URI"]

# Without structured replies the same bytes come as simple replies.
h.set_request_structured_replies(False)
h.connect_uri(uri)
assert not h.get_structured_replies_negotiated()
h.pwrite(b"simple" * 512, 0)
assert h.pread(3072, 0) == b"simple" * 512
h.shutdown()

# A client without fixed newstyle asks with EXPORT_NAME.
old = nbd.NBD()
old.set_handshake_flags(0)
old.connect_uri(uri)
assert old.get_size() == (64 << 20) + 512
assert old.pread(3072, 0) == b"simple" * 512
old.shutdown()

# The options: LIST, INFO, GO, and ABORT.
careful = nbd.NBD()
careful.set_opt_mode(True)
careful.set_full_info(True)
careful.connect_uri(uri)
names = []
careful.opt_list(lambda name, description: names.append(name))
assert names == ["b"], names
careful.set_export_name("nothing")
try:
    careful.opt_info()
except nbd.Error as refused:
    assert refused.errno == "ENOENT", refused
else:
    raise AssertionError("an unknown export was not refused")
careful.set_export_name("b")
careful.opt_info()
assert careful.get_size() == (64 << 20) + 512
assert careful.get_block_size(nbd.SIZE_MINIMUM) == 512
assert careful.get_block_size(nbd.SIZE_PREFERRED) == 4096
assert careful.get_block_size(nbd.SIZE_MAXIMUM) == 32 << 20
careful.opt_go()
assert careful.get_structured_replies_negotiated()
assert careful.pread(3072, 0) == b"simple" * 512
careful.shutdown()

leaver = nbd.NBD()
leaver.set_opt_mode(True)
leaver.connect_uri(uri)
leaver.opt_abort()
