"""The server: webhooks, counters, unsubscribing, health."""

from ticket_pipeline.server.app import ServerParts, build_server
from ticket_pipeline.server.run import DEFAULT_PORT, listening, make_server, serve, uvicorn_config

__all__ = ["DEFAULT_PORT", "ServerParts", "build_server", "listening", "make_server", "serve", "uvicorn_config"]
