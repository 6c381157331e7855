"""A principal: who is asking, and what they may see.

Every service that reads patient rows takes a principal. The default principal of an installation without keys is the
local user, who owns the machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Principal:
    """`name` identifies the owner of conversations and analyses; it is an opaque label, never a secret."""

    name: str
    may_see_patients: bool
    may_administer: bool

    def without_patients(self) -> Principal:
        """The same person asking for general knowledge only: no patient's row may come back."""
        return replace(self, may_see_patients=False)


LOCAL_USER = Principal("local", may_see_patients=True, may_administer=True)
API_CLIENT = Principal("api", may_see_patients=True, may_administer=True)
PUBLIC = Principal("public", may_see_patients=False, may_administer=False)
