"""Real nginx in front of real servers, with the files of scripts/nginx as they are shipped.

What the files say is to be changed is changed: addresses of the processes, and where nginx listens.
The rest of its configuration is what Debian's own does: it includes conf.d.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from tests.support.server import ROOT, ServerProcess

SHIPPED = ROOT / "scripts" / "nginx"
BEHIND = ("--set", 'server.trusted_proxies=["127.0.0.1"]')
"""What a server behind nginx has to know."""

Processes = dict[str, ServerProcess]
"""By their names, a and b."""

STOP_S = 20.0

MAIN = """
{user}
daemon off;
pid nginx.pid;
error_log main.log warn;
worker_processes 2;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include conf.d/*.conf;
}}
"""

LISTEN = """
listen 127.0.0.1:{port};
access_log access.log voice;
error_log error.log crit;
"""


def executable() -> str:
    """Where nginx is: Debian keeps it from the search path of those who are not root."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert found is not None, "nginx is missing: apt-get install nginx"
    return found


def processes_conf(processes: Processes) -> str:
    """The shipped file, with the ports of these processes instead of its own."""
    text = (SHIPPED / "processes.conf").read_text()
    for name, shipped in (("a", 8081), ("b", 8082)):
        text = text.replace(f"127.0.0.1:{shipped} ", f"127.0.0.1:{processes[name].port} ")
    return text


def plain(port: int) -> str:
    """Where nginx listens without a certificate."""
    return LISTEN.format(port=port)


def with_certificate(cert: Path, key: Path) -> Callable[[int], str]:
    """The shipped file, with this certificate, any port, and logs in nginx's own folder."""
    text = (SHIPPED / "listen.conf").read_text()
    for shipped, ours in {
        "listen 443 ": "listen 127.0.0.1:{port} ",
        "/etc/ssl/voice.example/fullchain.pem": str(cert),
        "/etc/ssl/voice.example/privkey.pem": str(key),
        "/var/log/nginx/voice-server.log": "access.log",
        "/var/log/nginx/voice-server-error.log": "error.log",
    }.items():
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, ours)
    return lambda port: text.format(port=port)


class Nginx:
    """nginx with a folder of its own; a context manager."""

    def __init__(
        self,
        folder: Path,
        processes: str,
        *,
        listen: Callable[[int], str] = plain,
        more: str = "",
    ) -> None:
        """`processes` and `listen` are the files that differ from place to place.

        `folder` is empty; `listen` is told the port; `more` is for the shipped server block.
        """
        self.folder = folder
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)  # nginx takes that for granted
        self.port = int(self._listener.getsockname()[1])
        self._command = [executable(), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        for name in ("conf.d", "voice-server.d"):
            (folder / name).mkdir()
        user = "user root;" if os.geteuid() == 0 else ""
        listening = listen(self.port)
        self._scheme = "https" if " ssl;" in listening else "http"
        (folder / "nginx.conf").write_text(MAIN.format(user=user))
        shutil.copy(SHIPPED / "voice-server.conf", folder / "conf.d")
        (folder / "conf.d" / "processes.conf").write_text(processes)
        (folder / "voice-server.d" / "listen.conf").write_text(listening)
        (folder / "voice-server.d" / "more.conf").write_text(more)

    @property
    def url(self) -> str:
        """Where a client finds the server."""
        return f"{self._scheme}://127.0.0.1:{self.port}/"

    @property
    def log(self) -> str:
        """All that nginx has written."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def complaints(self) -> str:
        """What `nginx -t` has to say besides that all is well."""
        done = subprocess.run([*self._command, "-t"], capture_output=True, text=True, check=False)
        lines = done.stderr.splitlines()
        return "\n".join(line for line in lines if not re.search(r"(is ok|is successful)$", line))

    def reload(self) -> None:
        """Read the files again, with new workers; the old ones finish what they have begun."""
        self._process.send_signal(signal.SIGHUP)

    def __enter__(self) -> Self:
        # The way of nginx's own upgrades: it takes over a socket that listens already.
        environment = {**os.environ, "NGINX": f"{self._listener.fileno()};"}
        self._process = subprocess.Popen(
            self._command, env=environment, pass_fds=[self._listener.fileno()], cwd=self.folder
        )
        self._listener.close()
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        finally:
            self._process.kill()
            self._process.wait()


@contextmanager
def behind_nginx(
    folder: Path, make: Callable[[str], ServerProcess]
) -> Iterator[tuple[Nginx, Processes]]:
    """Two processes, and nginx in front of them. `make` is told their names."""
    processes = {name: make(name) for name in ("a", "b")}
    with ExitStack() as stack:
        with ThreadPoolExecutor() as pool:  # they take a while to start
            list(pool.map(stack.enter_context, processes.values()))
        yield stack.enter_context(Nginx(folder, processes_conf(processes))), processes


def named(*options: str, port: int = 0) -> Callable[[str], ServerProcess]:
    """Makes servers with these options, each with its name."""
    return lambda name: ServerProcess(*BEHIND, "--set", f"server.name={name}", *options, port=port)
