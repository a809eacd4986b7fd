"""Frozen values and enumerations that load fast: `status` is to take little more time than crm_mon.

A frozen dataclass costs 1.1 ms when its module loads; a typing.NamedTuple 0.1 ms, and 3 ms for the module typing.
Everything else uses dataclasses.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, NoReturn, Self, dataclass_transform
else:

    def dataclass_transform(**_options: object) -> object:
        """What the type checker reads as `the annotations are the fields`."""
        return lambda decorated: decorated


@dataclass_transform(frozen_default=True, eq_default=True)
class Record:
    """Base of a value: the annotations of a subclass are its fields, in order, those with a value optional."""

    _fields: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__annotations__)
        cls._defaults = {name: cls.__dict__[name] for name in cls._fields if name in cls.__dict__}

    def __init__(self, *values: Any, **named: Any) -> None:
        given = dict(zip(self._fields, values, strict=False))
        fields = self._defaults | given | named
        if len(values) + len(named) != len(given.keys() | named) or fields.keys() != set(self._fields):
            raise TypeError(f"{type(self).__name__}: fields are {self._fields}, not {values} and {named}")
        self.__dict__.update(fields)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *(self.__dict__[name] for name in self._fields)))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self._fields)
        return f"{type(self).__name__}({fields})"

    def _replace(self, **changes: Any) -> Self:
        """A copy with other values in some fields, as a named tuple makes it."""
        return type(self)(**(self.__dict__ | changes))

    def as_dict(self) -> dict[str, Any]:
        """Names and values of the fields."""
        return dict(self.__dict__)


if TYPE_CHECKING:
    from enum import Enum

    Choice = Enum
else:

    class _Choices(type):
        """Makes members of the names in a class body; the class iterates over them and finds one by value."""

        def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> None:
            super().__init__(name, bases, body)
            cls._by_value = {}
            for word, value in body.items():
                if word.isupper():
                    member = object.__new__(cls)
                    member.name, member.value = word, value
                    cls._by_value[value] = member
                    setattr(cls, word, member)

        def __call__(cls, value: object) -> Any:
            try:
                return cls._by_value[value]
            except KeyError:
                raise ValueError(f"{value!r} is not a valid {cls.__name__}") from None

        def __iter__(cls) -> Any:
            return iter(cls._by_value.values())

    class Choice(metaclass=_Choices):
        """An enumeration of upper-case names with different values; the module enum takes 4 ms to load."""

        def __repr__(self) -> str:
            return f"{type(self).__name__}.{self.name}"

        def __reduce__(self) -> tuple[type, tuple[object]]:
            return type(self), (self.value,)
