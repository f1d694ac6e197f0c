"""``unheard care``: one worker that keeps the account."""

from streams.cli.options import ConfigFile


def care(config: ConfigFile = None) -> None:
    """Keep the account: fold packed events into cases, windows, gaps and feeds until SIGTERM or Ctrl-C.

    Start as many as there are cores; they share the partitions. SIGTERM ends it within ten seconds.

    Example: UNHEARD_BOOTSTRAP_SERVERS=localhost:9092 unheard care
    """
    from config.load import config_version, load_settings
    from streams.runtime.care import run_care
    from streams.runtime.metrics import Telemetry
    from streams.runtime.topics_admin import require_topics
    from streams.stages import topics

    settings = load_settings(config)
    require_topics(settings, [*topics.BLOCK_TABLES, topics.CASES, topics.WINDOWS, topics.GAPS, topics.FEEDS])
    telemetry = Telemetry()
    telemetry.set("unheard_model_info", 1, version="", config=config_version(settings))
    telemetry.serve(settings.metrics.host, settings.metrics.care_port)
    run_care(settings, telemetry)
