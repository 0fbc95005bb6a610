"""A network as a service: name pictures by any of its classes, and take experts away."""

from taxonomy.export.serving.limits import Limits
from taxonomy.export.serving.service import Service
from taxonomy.export.serving.web import app, serve

__all__ = ["Limits", "Service", "app", "serve"]
