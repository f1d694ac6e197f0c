"""The container files, checked without an engine: what they name exists and fits the rest of the repository."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from config.load import load_settings
from streams.cli import COMMANDS

ROOT: Final = Path(__file__).parent.parent.parent
COMPOSE: Final = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, Any]] = COMPOSE["services"]
DOCKERFILE: Final = (ROOT / "config" / "docker" / "Dockerfile").read_text(encoding="utf-8")
PROMETHEUS: Final = yaml.safe_load((ROOT / "config" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
# The keys of a service in the Compose specification that we use; a misspelt one is not among them.
SERVICE_KEYS: Final = {
    *("image", "build", "command", "entrypoint", "environment", "depends_on", "restart", "stop_grace_period"),
    *("ports", "volumes", "healthcheck", "deploy", "profiles"),
}
CONDITIONS: Final = {"service_started", "service_healthy", "service_completed_successfully"}

each_service = pytest.mark.parametrize("name", list(SERVICES))


def test_the_file_has_sections_of_the_specification_only() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"services", "volumes"}


def test_an_engine_with_compose_accepts_the_file() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("no docker compose here; the other tests check the structure")
    done = subprocess.run([docker, "compose", "config", "--quiet"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@each_service
def test_a_service_is_well_formed(name: str) -> None:
    service = SERVICES[name]
    assert set(service) - SERVICE_KEYS == set()
    assert service["image"]
    if "deploy" in service:
        assert service["deploy"] == {"replicas": 2}


@each_service
def test_what_a_service_waits_for_exists_and_can_happen(name: str) -> None:
    waits = SERVICES[name].get("depends_on", {})
    for other in waits:
        assert other in SERVICES
        condition = waits[other]["condition"] if isinstance(waits, dict) else "service_started"
        assert condition in CONDITIONS
        if condition == "service_healthy":
            assert SERVICES[other]["healthcheck"]["test"][0] == "CMD"
        if condition == "service_completed_successfully":
            assert SERVICES[other]["restart"] == "no"


@each_service
def test_host_ports_listen_on_loopback(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@each_service
def test_volumes_are_declared_or_folders_of_the_repository(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", volume).split(":")[0]
        assert source in COMPOSE["volumes"] or (ROOT / source).is_dir()


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "build" in service])
def test_workers_run_commands_that_exist_with_valid_settings(name: str) -> None:
    service = SERVICES[name]
    line = [*service.get("entrypoint", ["unheard"]), *service["command"]]
    known = {entry.name: entry.actions for entry in COMMANDS}
    assert line[0] == "unheard"
    assert line[1] in known
    assert not known[line[1]] or line[2] in known[line[1]]
    environ = {key: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for key, value in service["environment"].items()}
    assert load_settings(environ=environ).kafka.bootstrap_servers == "kafka:19092"
    assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_the_broker_is_the_one_that_the_tests_run_on() -> None:
    pom = (ROOT / "config" / "kafka" / "pom.xml").read_text(encoding="utf-8")
    version = re.search(r"<kafka.version>(.*?)<", pom)
    assert version
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version[1]}"
    listeners = SERVICES["kafka"]["environment"]["KAFKA_LISTENERS"].split(",")
    names = {listener.split(":")[0] for listener in listeners}
    protocols = SERVICES["kafka"]["environment"]["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    assert names == {protocol.split(":")[0] for protocol in protocols}


def test_prometheus_scrapes_each_worker_on_its_own_port() -> None:
    metrics = load_settings(environ={}).metrics
    scraped = {
        job["dns_sd_configs"][0]["names"][0]: job["dns_sd_configs"][0]["port"] for job in PROMETHEUS["scrape_configs"]
    }
    assert scraped == {
        "classify": metrics.classify_port,
        "care": metrics.care_port,
        "replay": metrics.replay_port,
    }
    assert set(scraped) <= set(SERVICES)
    exposed = re.search(r"^EXPOSE (.*)$", DOCKERFILE, re.MULTILINE)
    assert exposed
    assert exposed[1].split() == [str(port) for port in scraped.values()]


def test_the_image_copies_what_exists_and_is_sent_to_the_builder() -> None:
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in sent


def test_the_image_runs_as_nobody_special_and_from_the_lock_file() -> None:
    assert re.search(r"^USER (?!root)\w+$", DOCKERFILE, re.MULTILINE)
    assert all("--frozen --no-dev" in line for line in DOCKERFILE.splitlines() if "uv sync" in line)


def test_image_and_scripts_use_the_same_uv() -> None:
    script = (ROOT / "scripts" / "_environment").read_text(encoding="utf-8")
    in_script = re.search(r'UV_VERSION="(.*?)"', script)
    in_image = re.search(r"uv==(\S+)", DOCKERFILE)
    assert in_script
    assert in_image
    assert in_script[1] == in_image[1]
