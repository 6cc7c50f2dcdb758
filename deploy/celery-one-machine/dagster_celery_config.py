"""For the worker; `dagster_celery.app` finds it by this name in the folder where the worker is started."""

import os

broker_url = "filesystem://"
result_backend = os.environ["TICKET_PIPELINE_RESULTS"]
broker_transport_options = {
    "data_folder_in": ".ticket-pipeline/celery",
    "data_folder_out": ".ticket-pipeline/celery",
    "control_folder": ".ticket-pipeline/celery/control",
    "polling_interval": 0.1,
}
worker_prefetch_multiplier = 1
