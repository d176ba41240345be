"""OpenStack Swift with its S3 API on a free port of the loopback: its four servers, with one disk, in one process.

    swift-server.py FOLDER KEY SECRET

Prints the port as soon as it can be used. Ends when its standard input does.
"""
import os
import socket
import sys

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi  # noqa: E402
from swift.common import utils  # noqa: E402

folder, key, secret = sys.argv[1:]
DEVICES = os.path.join(folder, "devices")
BACKENDS = ("account", "container", "object")
PIPELINE = "catch_errors listing_formats s3api tempauth copy slo proxy-server"
ACCOUNT, USER = key.split(":")


def write(name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


os.makedirs(os.path.join(DEVICES, "disk"), exist_ok=True)
write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = invigil\n[storage-policy:0]\nname = one\ndefault = yes\n")
# Must be set before modules that read it are loaded.
utils.set_swift_dir(folder)

from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.wsgi import SwiftHttpProtocol, loadapp  # noqa: E402

COMMON = f"[DEFAULT]\nswift_dir = {folder}\ndevices = {DEVICES}\nmount_check = false\nlog_address = {folder}/no-log\n"
FILTERS = {
    "s3api": "location = us-east-1\ns3_acl = false\n",
    "tempauth": f"user_{ACCOUNT}_{USER} = {secret} .admin\n",
}


def listen():
    sock = socket.socket()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.bind(("127.0.0.1", 0))
    sock.listen(128)
    return sock


class Memory:
    """In the place of memcached, as far as the proxy asks it."""

    def __init__(self):
        self.values = {}

    def get(self, key, **_options):
        return self.values.get(key)

    def set(self, key, value, **_options):
        self.values[key] = value

    def delete(self, key, **_options):
        self.values.pop(key, None)


def serve(name, conf, sock):
    loaded = loadapp(write(f"{name}.conf", COMMON + conf), global_conf={"log_name": name})
    memory = Memory()

    def app(env, start_response):
        env["swift.cache"] = memory
        return loaded(env, start_response)

    # The SDK only finds the ETag if headers are not capitalised.
    options = {"protocol": SwiftHttpProtocol, "capitalize_response_headers": False, "log_output": False}
    eventlet.spawn(wsgi.server, sock, app, **options)


sockets = {name: listen() for name in BACKENDS}
for name, sock in sockets.items():
    builder = RingBuilder(4, 1, 1)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": sock.getsockname()[1], "device": "disk", "weight": 1})
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, f"{name}.ring.gz"))
for name, sock in sockets.items():
    serve(name, f"[app:main]\nuse = egg:swift#{name}\n", sock)

proxy = listen()
conf = f"[pipeline:main]\npipeline = {PIPELINE}\n[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n"
for name in PIPELINE.split()[:-1]:
    conf += f"[filter:{name}]\nuse = egg:swift#{name}\n{FILTERS.get(name, '')}"
serve("proxy", conf, proxy)
print(proxy.getsockname()[1], flush=True)
eventlet.tpool.execute(sys.stdin.read)
