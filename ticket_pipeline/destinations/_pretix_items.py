"""Items of one pretix event: looked up, made, brought in line, archived, deleted.

https://docs.pretix.eu/dev/api/resources/items.html
https://docs.pretix.eu/dev/api/resources/quotas.html
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ticket_pipeline.destinations._pretix_api import PretixApi
from ticket_pipeline.destinations._pretix_copy import (
    ARCHIVING,
    OPTION_FIELD,
    REVIVING,
    Copy,
    Json,
    internal_name,
    option_id,
)
from ticket_pipeline.destinations._pretix_events import PretixEvent
from ticket_pipeline.destinations._pretix_words import Words, check_values, options
from ticket_pipeline.errors import NotFoundError, RejectedError
from ticket_pipeline.mapping.rules import ID_FIELD
from ticket_pipeline.model.record import Record


@dataclass(frozen=True, kw_only=True)
class Items:
    """The items of one event; each method may be called by several threads, for different tickets."""

    api: PretixApi
    event: PretixEvent
    words: Words

    def all_copies(self) -> dict[str, list[Copy]]:
        """Read every item that bears a Wix id, by that id."""
        items = self.api.pages(self._path("items/"))
        return self._copies(items, self.api.pages(self._path("quotas/"))) if items else {}

    def copies(self, wix_id: str) -> list[Copy]:
        """Read the items of one ticket, by the name that pretix's search knows."""
        found = self.api.pages(self._path("items/"), {"search": internal_name(wix_id)})
        if not found:
            return []
        params = {"items__in": ",".join(str(item["id"]) for item in found)}
        return self._copies(found, self.api.pages(self._path("quotas/"), params)).get(wix_id, [])

    def create(self, record: Record) -> int:
        """Make an item with its variations, then the quota that puts it on sale; give its id."""
        check_values(record, self.event.currency, self.event.slug)
        wix_id = {ID_FIELD: record.definition_id}
        variations = [
            {**self.words.variation(part, position), "meta_data": {OPTION_FIELD: part[OPTION_FIELD]}}
            for position, part in enumerate(options(record))
        ]
        body = {
            **self.words.item(record),
            "admission": True,
            "internal_name": internal_name(record.definition_id),
            "meta_data": wix_id,
            **({"variations": variations} if variations else {}),
        }
        copy = Copy(item=self._write("POST", "items/", body, record))
        self._bring_quota(record, copy)
        return copy.id

    def bring(self, record: Record, copy: Copy) -> int:
        """Make an item hold what the record says, writing only what differs; give the id of the item in force.

        pretix never lets an item gain or lose variations: a switch of the pricing archives it and makes a new one.
        """
        check_values(record, self.event.currency, self.event.slug)
        with_variations = bool(options(record))
        if copy.has_variations != with_variations and (with_variations or record.fields["price"] is not None):
            self.archive(copy)
            return self.create(record)
        wanted = self.words.item(record)
        body = self.words.missing(wanted, copy.item)
        if copy.archived:
            body |= {"active": wanted["active"], **REVIVING}
        if body:
            self._write("PATCH", f"items/{copy.id}/", body, record)
        variations = self._bring_variations(record, copy) if copy.has_variations else []
        self._bring_quota(record, replace(copy, item={**copy.item, "variations": variations}))
        return copy.id

    def archive(self, copy: Copy) -> None:
        """Take an item off sale for good; nothing else of it changes."""
        if not copy.archived:
            self._write("PATCH", f"items/{copy.id}/", ARCHIVING)

    def delete(self, copy: Copy) -> None:
        """Delete an item and its quotas; one that was sold is archived, for pretix keeps it."""
        try:
            self._write("DELETE", f"items/{copy.id}/")
        except NotFoundError:
            pass
        except RejectedError as error:
            if error.code != "forbidden":
                raise
            self.archive(copy)
            return
        for quota in copy.quotas:
            self._discard(f"quotas/{quota['id']}/")

    def _bring_variations(self, record: Record, copy: Copy) -> list[Json]:
        """Add, change and take away variations; give what is there then."""
        there = {option_id(each): each for each in reversed(copy.variations) if option_id(each)}
        path = f"items/{copy.id}/variations/"
        kept: list[Json] = []
        for position, part in enumerate(options(record)):
            wanted = self.words.variation(part, position)
            found = there.get(str(part[OPTION_FIELD]))
            if found is None:
                made = {**wanted, "meta_data": {OPTION_FIELD: part[OPTION_FIELD]}}
                kept.append(self._write("POST", path, made, record))
            elif body := self.words.missing(wanted, found):
                kept.append(self._write("PATCH", f"{path}{found['id']}/", body, record))
            else:
                kept.append(found)
        ids = {each["id"] for each in kept}
        left = (self._retire(path, each) for each in copy.variations if each["id"] not in ids)
        return [*kept, *(each for each in left if each is not None)]

    def _retire(self, path: str, variation: Json) -> Json | None:
        """Delete a variation of ours; what was sold, is the last or was made by people is taken off sale."""
        if option_id(variation):
            try:
                self._write("DELETE", f"{path}{variation['id']}/")
            except NotFoundError:
                return None
            except RejectedError as error:
                if error.code != "forbidden":
                    raise
            else:
                return None
        if not variation["active"]:
            return variation
        return dict(self._write("PATCH", f"{path}{variation['id']}/", {"active": False}))

    def _bring_quota(self, record: Record, copy: Copy) -> None:
        wanted = self.words.quota(record, copy)
        if copy.quota is None:
            self._write("POST", "quotas/", wanted, record)
        elif body := self.words.missing(wanted, copy.quota):
            self._write("PATCH", f"quotas/{copy.quota['id']}/", body, record)

    def _discard(self, path: str) -> None:
        try:
            self._write("DELETE", path)
        except NotFoundError:
            return

    def _write(self, method: str, path: str, body: Json | None = None, record: Record | None = None) -> Any:
        return self.api.write(method, self._path(path), body, revision=record.revision if record else 0)

    def _path(self, path: str) -> str:
        return f"events/{self.event.slug}/{path}"

    def _copies(self, items: Iterable[Json], quotas: Collection[Json]) -> dict[str, list[Copy]]:
        own: defaultdict[int, list[Json]] = defaultdict(list)
        for quota in quotas:
            if len(quota["items"]) == 1:
                own[quota["items"][0]].append(quota)
        found: defaultdict[str, list[Copy]] = defaultdict(list)
        for item in sorted(items, key=lambda each: each["id"]):
            copy = Copy(item=item, quotas=tuple(own[item["id"]]))
            if copy.wix_id:
                found[copy.wix_id].append(copy)
        return dict(found)
