"""Where a job comes from, as Dagster has it told of each run that is queued."""

from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from ticket_pipeline.orchestration.code_location import LOCATION

_REPOSITORY = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), "__repository__")


def origin(job: str) -> RemoteJobOrigin:
    """Tell where a job comes from."""
    return RemoteJobOrigin(_REPOSITORY, job)
