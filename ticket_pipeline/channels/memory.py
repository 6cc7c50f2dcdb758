"""Messages that stay in this process, for tests and trials."""

from pydantic import BaseModel, ConfigDict, Field


class Config(BaseModel):
    """Which place in memory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="memory", description="Name of the place; the same name is the same place")
