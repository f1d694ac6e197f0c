"""confluent-kafka and scikit-learn, thousands of mentions at a time."""

import orjson
from confluent_kafka import Consumer, KafkaException, Message, Producer

from streams.bench.peer_programs.job import Model, Tally, options

BATCH = 10_000


def main() -> None:
    told = options()
    model, tally = Model(told.model), Tally(told.count, told.seconds)
    consumer = Consumer(
        {
            "bootstrap.servers": told.bootstrap,
            "group.id": told.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": told.bootstrap,
            "compression.type": "lz4",
            "linger.ms": 20,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    consumer.subscribe([told.input])
    enough = False
    while not enough and not tally.is_over():
        messages = [message for message in consumer.consume(BATCH, timeout=0.2) if message.error() is None]
        if not messages:
            continue
        tally.begin()
        judge(messages, model, producer, told.output)
        producer.flush()
        try:
            consumer.commit(asynchronous=False)
        except KafkaException:  # the group has changed: whoever has the partitions now reads these again
            continue
        enough = tally.add(len(messages))
    tally.report()
    consumer.close()


def judge(messages: list[Message], model: Model, producer: Producer, topic: str) -> None:
    mentions = [orjson.loads(message.value() or b"") for message in messages]
    for mention, verdict in zip(mentions, model.judge([mention["text"] for mention in mentions]), strict=True):
        mention["intent"], mention["escalate"] = verdict
        producer.produce(topic, key=mention["id"], value=orjson.dumps(mention))
    producer.poll(0)


if __name__ == "__main__":
    main()
