"""For every worker; `dagster_celery.app` finds it by this name in the folder where the worker is started."""

import os

broker_url = os.environ["TICKET_PIPELINE_BROKER"]
result_backend = os.environ["TICKET_PIPELINE_RESULTS"]
# A run waits for whichever worker is free first, not behind the one that holds until a sale starts.
worker_prefetch_multiplier = 1
worker_disable_prefetch = True
# Redis may be restarted, however long that takes.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
