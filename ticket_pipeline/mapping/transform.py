"""What every transform of a mapping is: a small class whose fields are its options."""

from typing import ClassVar

from ticket_pipeline.mapping.view import FieldType, Source
from ticket_pipeline.model.record import Scalar


class Transform:
    """Turn one value into what the destination wants; null never comes here, it stays null."""

    #: The types of path it makes sense for.
    takes: ClassVar[frozenset[FieldType]] = frozenset({"text"})
    #: The type of what it gives.
    gives: ClassVar[FieldType] = "text"
    #: Options that name a path.
    paths: ClassVar[tuple[str, ...]] = ()

    @property
    def type(self) -> FieldType:
        """The type of what it gives, with these options."""
        return self.gives

    def __call__(self, value: object, source: Source) -> Scalar:
        """Transform one value.

        Raises:
            UnfitError: the value cannot be taken.
        """
        raise NotImplementedError
