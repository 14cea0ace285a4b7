"""Draw the trials of this scenario, say which ended as published, and write the records of the first of them.

Example:  python examples/virtual-balmys/pick.py            (writes the records of the trial that world.toml names)
          python examples/virtual-balmys/pick.py --search   (draws all 150 again, two minutes)
"""

import sys
from pathlib import Path

from onearm.physiology.hospital.draw import draw_records
from onearm.physiology.hospital.picked import alike, read_picked
from onearm.physiology.hospital.world_file import read_world
from onearm.records import write_records
from onearm.sources.protocol_file import read_protocol

HERE = Path(__file__).parent

if __name__ == "__main__":
    world, picked = read_world(HERE / "world.toml"), read_picked(HERE / "world.toml")
    protocol = read_protocol(HERE, [])
    if "--search" in sys.argv:
        wanted = (picked.treated, picked.dead, picked.off_ventilator, picked.ventilated)
        found = list(alike(world, wanted, seed=picked.seed, trials=picked.drawn, threads=2, protocol=protocol))
        print(f"{len(found)} of {picked.drawn} ended so: trials {found}, counted from 0")
    else:
        drawn = draw_records(
            world, seed=picked.seed, trial=picked.trial, purpose="teaching", protocol=protocol, threads=1
        )
        write_records(drawn, HERE / "records")
