import pytest

from ticket_pipeline.webhooks.endpoint import Endpoint, all_keys, choose
from ticket_pipeline.webhooks.refused import Refusal, RefusedWebhook
from ticket_pipeline_tests.webhooks.signing import public_key

OURS, THEIRS = public_key("wix"), public_key("next")
HALL = Endpoint(site="hall", keys=(OURS,), instance_id="Instance-1")
BARN = Endpoint(site="barn", keys=(OURS, THEIRS), instance_id="instance-2")
BARE = Endpoint(site="bare", keys=(THEIRS,))


def test_the_instance_tells_the_site() -> None:
    assert choose([HALL, BARN, BARE], OURS, "instance-2") is BARN
    assert choose([HALL, BARN, BARE], OURS, "INSTANCE-1") is HALL


def test_a_site_whose_instance_we_do_not_know_fits_by_its_key() -> None:
    assert choose([HALL, BARE], THEIRS, "whatever") is BARE
    assert choose([HALL, BARN, BARE], THEIRS, "instance-2") is BARN


def test_a_webhook_that_names_no_instance_fits_the_only_site_of_its_key() -> None:
    assert choose([HALL], OURS, None) is HALL


@pytest.mark.parametrize(("key", "instance"), [(OURS, "instance-9"), (THEIRS, "instance-1"), (OURS, None)])
def test_what_fits_no_site_or_several_is_refused(key: object, instance: str | None) -> None:
    endpoints = [HALL, Endpoint(site="barn", keys=(OURS,), instance_id="instance-2")]
    with pytest.raises(RefusedWebhook) as caught:
        choose(endpoints, key, instance)  # type: ignore[arg-type] # a key of the parameters
    assert caught.value.code is Refusal.WRONG_SITE


def test_keys_are_tried_once_each() -> None:
    assert all_keys([HALL, BARN, BARE]) == [OURS, THEIRS]
