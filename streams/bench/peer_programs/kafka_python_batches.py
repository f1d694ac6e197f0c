"""kafka-python and scikit-learn, thousands of mentions at a time."""

import orjson
from kafka import KafkaConsumer, KafkaProducer

from streams.bench.peer_programs.job import Model, Tally, options

BATCH = 10_000


def main() -> None:
    told = options()
    model, tally = Model(told.model), Tally(told.count, told.seconds)
    consumer = KafkaConsumer(
        told.input,
        bootstrap_servers=told.bootstrap,
        group_id=told.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=BATCH,
        max_partition_fetch_bytes=4_000_000,
    )
    producer = KafkaProducer(
        bootstrap_servers=told.bootstrap,
        compression_type="lz4",
        linger_ms=20,
        batch_size=500_000,
    )
    enough = False
    while not enough and not tally.is_over():
        records = [record for records in consumer.poll(timeout_ms=200).values() for record in records]
        if not records:
            continue
        tally.begin()
        mentions = [orjson.loads(record.value) for record in records]
        for mention, verdict in zip(mentions, model.judge([mention["text"] for mention in mentions]), strict=True):
            mention["intent"], mention["escalate"] = verdict
            producer.send(told.output, key=mention["id"].encode(), value=orjson.dumps(mention))
        producer.flush()
        consumer.commit()
        enough = tally.add(len(records))
    tally.report()
    producer.close()
    consumer.close()


if __name__ == "__main__":
    main()
