"""Which group, which rule and which reading of a network tells the truth about a table.

    python benchmarks/planted.py --tables choosing|judging [--groups L1,L1+decs] [--limit 3]
    python benchmarks/planted.py --write

Trains networks on generated tables whose structure is known, and keeps what each of them says in
`build/planted`, one file a table; tables that are there are not trained again. `--write` makes
`docs/understanding.md` of them.
"""

import argparse
import logging
from pathlib import Path

from planted_structure.studies import GROUPS, Records
from planted_structure.tables import VARIANTS, tables

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", choices=list(VARIANTS))
    parser.add_argument("--only", help="names of tables, with commas")
    parser.add_argument("--groups", default=",".join(GROUPS), help="names, with commas")
    parser.add_argument("--limit", type=int, help="the first tables only")
    parser.add_argument("--activation", choices=["tanh", "sigmoid"], default="tanh")
    parser.add_argument("--scale", choices=["minmax", "standard", "equal"], default="minmax")
    parser.add_argument("--reference", action="store_true", help="SparsePCA besides")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "planted")
    parser.add_argument("--write", action="store_true", help="make docs/understanding.md")
    options = parser.parse_args()
    groups = options.groups.split(",")
    if unknown := [name for name in groups if name not in GROUPS]:
        parser.error(f"--groups: no group {unknown[0]!r} (known: {', '.join(GROUPS)})")
    if not (options.tables or options.write):
        parser.error("say --tables choosing, --tables judging or --write")
    records = Records(options.folder)
    if options.tables:
        logging.disable(logging.WARNING)  # of Lightning and MLflow, for each of many studies
        chosen = list(tables(options.tables))[: options.limit]
        if options.only:
            chosen = [table for table in chosen if table.name in options.only.split(",")]
        for table in chosen:
            record = records.complete(
                table,
                options.tables,
                groups,
                options.activation,
                options.scale,
                options.reference,
            )
            print(f"{table.name}: {record['seconds']:.0f} s", flush=True)
    if options.write:
        from planted_structure.document import document

        page = ROOT / "docs" / "understanding.md"
        page.write_text(document(records.all()))
        print(page)


if __name__ == "__main__":
    main()
