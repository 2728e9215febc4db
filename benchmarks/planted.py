"""Which group, which rule and which reading of a network tells the truth about a table.

    python benchmarks/planted.py --tables judging --reference
    python benchmarks/planted.py --tables choosing --study strengths [--only "noise 0.6,mixed"]
    python benchmarks/planted.py --tables choosing --study fixed [--groups L1,L1+decs]
    python benchmarks/planted.py --write

Trains networks on generated tables whose structure is known, and keeps what each of them says in
`build/planted`, one file a table and study; those that are there are not trained again. Studies
are `defaults`, all settings at their defaults; `before`, at the earlier ones; `strengths`, the
defaults with more values of θ and η; and `fixed`, with values of λ from a closed form and neither
samples nor refitting, by which activations, scales and groups were chosen. `--write` makes
`docs/understanding.md` of them.
"""

import argparse
import json
import logging
from pathlib import Path

from planted_structure.defaults import DefaultRecords
from planted_structure.studies import GROUPS, Records
from planted_structure.tables import VARIANTS, tables

ROOT = Path(__file__).parents[1]
STUDIES = ("defaults", "before", "strengths", "fixed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", choices=list(VARIANTS))
    parser.add_argument("--study", default="defaults,before", help="names, with commas")
    parser.add_argument("--only", help="names of tables, with semicolons")
    parser.add_argument("--limit", type=int, help="the first tables only")
    parser.add_argument("--reference", action="store_true", help="SparsePCA besides")
    parser.add_argument("--groups", default=",".join(GROUPS), help="of `fixed`, with commas")
    parser.add_argument("--activation", choices=["tanh", "sigmoid"], default="tanh")
    parser.add_argument("--scale", choices=["minmax", "standard", "equal"], default="minmax")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "planted")
    parser.add_argument("--write", action="store_true", help="make docs/understanding.md")
    options = parser.parse_args()
    groups, studies = options.groups.split(","), options.study.split(",")
    for option, given, known in (("groups", groups, GROUPS), ("study", studies, STUDIES)):
        if unknown := [name for name in given if name not in known]:
            parser.error(f"--{option}: no {unknown[0]!r} (known: {', '.join(known)})")
    if not (options.tables or options.write):
        parser.error("say --tables choosing, --tables judging or --write")
    if options.tables:
        logging.disable(logging.WARNING)  # of Lightning and MLflow, for each of many studies
        chosen = list(tables(options.tables))[: options.limit]
        if options.only:
            chosen = [table for table in chosen if table.name in options.only.split(";")]
        for table in chosen:
            for study in studies:
                if study == "fixed":
                    record = Records(options.folder / "fixed").complete(
                        table,
                        options.tables,
                        groups,
                        options.activation,
                        options.scale,
                        options.reference,
                    )
                else:
                    record = DefaultRecords(options.folder).complete(
                        table, options.tables, study, options.reference and study == "defaults"
                    )
                print(f"{table.name}, {study}: {record['seconds']:.0f} s", flush=True)
    if options.write:
        from planted_structure.document import document

        kept, lassonet = DefaultRecords(options.folder), options.folder / "lassonet.json"
        page = ROOT / "docs" / "understanding.md"
        page.write_text(
            document(
                kept.all("defaults", "judging"),
                kept.all("before", "judging"),
                kept.all("strengths", "choosing"),
                Records(options.folder / "fixed").all(role="choosing"),
                json.loads(lassonet.read_text()) if lassonet.exists() else [],
            )
        )
        print(page)


if __name__ == "__main__":
    main()
