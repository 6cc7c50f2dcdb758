"""A CSV file of subscribers: `email,name,status,locale,opt_ins`."""

from pydantic import Field

from ticket_pipeline.audiences.base import AudienceConfig
from ticket_pipeline.declared_path import DeclaredPath


class Config(AudienceConfig):
    """Which file."""

    path: DeclaredPath = Field(description="CSV file; relative paths are relative to pipeline.yaml")
