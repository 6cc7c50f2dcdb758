"""What Dagster's Helm chart makes of our values: the parts that the tests look at, as its templates read in 1.13.

https://github.com/dagster-io/dagster/tree/master/helm/dagster/templates
"""

import re
from typing import Any

RELEASE = "dagster"
NAMESPACE = "tickets"
DAGSTER_HOME = "/opt/dagster/dagster_home"

Values = dict[str, Any]

#: Blocks of dagster.yaml that the chart writes in words of its own unless a value says no, and where it says so.
SWITCHES = {
    "run_coordinator": ("dagsterDaemon", "runCoordinator", "enabled"),
    "run_monitoring": ("dagsterDaemon", "runMonitoring", "enabled"),
    "run_retries": ("dagsterDaemon", "runRetries", "enabled"),
    "sensors": ("dagsterDaemon", "sensors", "useThreads"),
    "schedules": ("dagsterDaemon", "schedules", "useThreads"),
    "retention": ("retention", "enabled"),
}


def own_blocks(values: Values) -> Values:
    """Write the blocks of dagster.yaml that the chart always writes."""
    scheduler = values["scheduler"]["config"]["customScheduler"]
    return {
        "scheduler": scheduler,
        "run_storage": _storage(values, "run_storage", "PostgresRunStorage"),
        "event_log_storage": _storage(values, "event_log", "PostgresEventLogStorage"),
        "schedule_storage": _storage(values, "schedule_storage", "PostgresScheduleStorage"),
        "run_launcher": {"module": "dagster_k8s", "class": "K8sRunLauncher", "config": _launcher(values)},
        "compute_logs": {
            "module": "dagster._core.storage.noop_compute_log_manager",
            "class": values["computeLogManager"]["type"],
        },
        "telemetry": values["telemetry"],
    }


def dagster_yaml(values: Values) -> Values:
    """Write the whole dagster.yaml; what we add comes last."""
    return {**own_blocks(values), **values["additionalInstanceConfig"]}


def container_context(values: Values) -> Values:
    """Write what the code server tells whoever starts runs of its code."""
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    return {
        "k8s": {
            "image_pull_policy": deployment["image"]["pullPolicy"],
            "env_config_maps": [f"{RELEASE}-dagster-user-deployments-{deployment['name']}-user-env"],
            "env_secrets": [each["name"] for each in deployment["envSecrets"]],
            "volume_mounts": deployment["volumeMounts"],
            "volumes": deployment["volumes"],
            "resources": deployment["resources"],
            "namespace": NAMESPACE,
            "service_account_name": f"{RELEASE}-dagster-user-deployments-user-deployments",
            "env": deployment["env"],
        }
    }


def _storage(values: Values, module: str, name: str) -> Values:
    given = values["postgresql"]
    database = {
        "username": given["postgresqlUsername"],
        "password": {"env": "DAGSTER_PG_PASSWORD"},
        "hostname": given["postgresqlHost"],
        "db_name": given["postgresqlDatabase"],
        "port": 5432,
        "params": {},
        "scheme": given["postgresqlScheme"],
    }
    return {"module": f"dagster_postgres.{module}", "class": name, "config": {"postgres_db": database}}


def _launcher(values: Values) -> Values:
    given = values["runLauncher"]["config"]["k8sRunLauncher"]
    return {
        "load_incluster_config": True,
        "job_namespace": NAMESPACE,
        "image_pull_policy": given["imagePullPolicy"],
        "service_account_name": RELEASE,
        "dagster_home": DAGSTER_HOME,
        "instance_config_map": f"{RELEASE}-instance",
        "postgres_password_secret": values["global"]["postgresqlSecretName"],
        "security_context": given["securityContext"],
        "run_k8s_config": {_snake(key): part for key, part in given["runK8sConfig"].items()},
    }


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
