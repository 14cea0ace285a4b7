"""Draw the records of this example again, byte for byte: python examples/virtual-13/draw.py"""

from pathlib import Path

from onearm.physiology.thirteen import draw_thirteen
from onearm.records import write_records

if __name__ == "__main__":
    records, _ = draw_thirteen()
    write_records(records, Path(__file__).parent / "records")
