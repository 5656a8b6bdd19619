"""`python -m tests.eval.run --operator-token …`: fills a shop, asks it, deletes it, writes docs/evaluation.md."""

import argparse
import os
from pathlib import Path

from models.training.evaluate import precision
from models.training.labels import read_labels
from tests.eval.report import write_report
from tests.eval.shop import EvaluationShop

PHOTOS = Path(__file__).with_name("photos")
REPORT = Path("docs/evaluation.md")


def main() -> None:
    arguments = _arguments()
    labels = read_labels("validation")
    with EvaluationShop.opened(arguments.url, arguments.operator_token) as shop:
        shop.upload(labels, PHOTOS)
        checkpoint = shop.wait_until_ready(len(labels), arguments.timeout_s)
        figures = precision(shop.rank, labels)
    write_report(arguments.out, figures, checkpoint, photos=len(labels))
    print(f"{figures}\nwritten to {arguments.out}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=f"http://127.0.0.1:{os.environ.get('FITMATCH_HTTP_PORT', '8000')}")
    parser.add_argument(
        "--operator-token", default=_operator_token(), help="default: that of this machine's `make run`"
    )
    parser.add_argument("--out", type=Path, default=REPORT)
    parser.add_argument("--timeout-s", type=float, default=600)
    arguments = parser.parse_args()
    if not arguments.operator_token:
        parser.error("--operator-token (or FITMATCH_OPERATOR_TOKEN) is missing: the server's operator token")
    return arguments


def _operator_token() -> str | None:
    kept = Path(os.environ.get("FITMATCH_DATA_DIR", ".fitmatch")) / "operator_token"
    return os.environ.get("FITMATCH_OPERATOR_TOKEN") or (kept.read_text().strip() if kept.is_file() else None)


if __name__ == "__main__":
    main()
