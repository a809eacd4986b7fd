"""All wrong inputs."""

from bad_application import APPLICATION
from bad_input import BadInput
from bad_values import ACROSS, ADDRESSES, NAMES, STORAGES
from bad_ways import FILES, SECRETS, WORDS

__all__ = ["BAD_INPUTS", "BadInput"]

BAD_INPUTS = [*ADDRESSES, *NAMES, *STORAGES, *ACROSS, *APPLICATION, *WORDS, *SECRETS, *FILES]
