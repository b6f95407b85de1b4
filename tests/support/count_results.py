"""Counts what ctest and the test programs have written: count_results.py [--no-skips] FOLDER.

Names every test that failed or was skipped, ends with `N passed, N failed, N skipped`, and exits with 1 where one failed
(or was skipped, with --no-skips) or none ran.
"""
import os
import sys
import xml.etree.ElementTree as xml


def cases_of(program):
    """Yields (name, outcome, why) of each test in a test program's own report."""
    for case in xml.parse(program).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None:
            yield name, "failed", ""
        elif skipped is not None or case.get("status") == "notrun":
            yield name, "skipped", "" if skipped is None else skipped.get("message", "").split("\n")[-1]
        else:
            yield name, "passed", ""


def all_cases(folder):
    for program in xml.parse(os.path.join(folder, "ctest.junit")).getroot().iter("testcase"):
        name = program.get("name")
        outcome = {"run": "passed", "fail": "failed"}.get(program.get("status"), "skipped")
        report = os.path.join(folder, name + ".xml")
        cases = list(cases_of(report)) if os.path.exists(report) else []
        yield from cases
        # A program that has no report, or whose report does not tell why it failed: it crashed, or ran out of time.
        if not cases or (outcome == "failed" and all(case[1] != "failed" for case in cases)):
            yield name, outcome, "the program itself" if cases else ""


def main():
    arguments = sys.argv[1:]
    no_skips = "--no-skips" in arguments
    cases = list(all_cases(arguments[-1]))
    for name, outcome, why in cases:
        if outcome != "passed":
            print(f"{outcome}: {name}" + (f" ({why})" if why else ""))
    count = {o: sum(case[1] == o for case in cases) for o in ("passed", "failed", "skipped")}
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    sys.exit(count["failed"] > 0 or count["passed"] == 0 or (no_skips and count["skipped"] > 0))


main()
