# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: writes a role's files in one go: all are checked by their own programs before the first is written.

Beside ansible.builtin.copy because that one writes file by file, so that a refused file leaves half a change,
and because it costs two round trips a file: with a dozen files that is most of a run that changes nothing.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: host_files
short_description: Writes a role's files, all or none
options:
  files:
    description: The files; missing folders are made (0755, root).
    type: list
    elements: dict
    required: true
    suboptions:
      path: {description: Where it goes., type: path, required: true}
      text: {description: What it says., type: str, required: true}
      mode: {description: Its mode., type: str, default: "0644"}
      group: {description: Its group., type: str, default: root}
      check: {description: "Command that refuses a bad file; C(%s) is a copy of it.", type: list, elements: str}
"""
RETURN = """
changed_paths: {description: The files that were (or, in check mode, would be) changed., type: list, returned: always}
"""


def check_file(module: AnsibleModule, file: dict[str, Any]) -> str | None:
    """What the file's own program has against it."""
    if not file["check"]:
        return None
    with tempfile.NamedTemporaryFile("w", dir=module.tmpdir, suffix=Path(file["path"]).name) as copy:
        copy.write(file["text"])
        copy.flush()
        code, out, err = module.run_command([part.replace("%s", copy.name) for part in file["check"]])
        return f"{file['path']} is refused by {file['check'][0]}: {(err or out).strip()}" if code else None


def read(path: str) -> str | None:
    """The file as it is; None where there is none."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def attributes(module: AnsibleModule, file: dict[str, Any]) -> dict[str, Any]:
    """Owner and mode in the form that Ansible's own helper takes."""
    wanted = {"path": file["path"], "mode": file["mode"], "owner": "root", "group": file["group"]}
    found: dict[str, Any] = module.load_file_common_arguments(module.params | wanted, path=file["path"])
    return found


def write(module: AnsibleModule, file: dict[str, Any]) -> None:
    """Puts the text in place in one step."""
    folder = Path(file["path"]).parent
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(handle, "w", encoding="utf-8") as copy:
        copy.write(file["text"])
    module.atomic_move(name, file["path"])


def main() -> None:
    """Checks all, then writes what differs."""
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "path", "required": True},
                    "text": {"type": "str", "required": True},
                    "mode": {"type": "str", "default": "0644"},
                    "group": {"type": "str", "default": "root"},
                    "check": {"type": "list", "elements": "str"},
                },
            },
        },
        add_file_common_args=True,
        supports_check_mode=True,
    )
    files: list[dict[str, Any]] = module.params["files"]
    before = {file["path"]: read(file["path"]) for file in files}
    differing = [file for file in files if before[file["path"]] != file["text"]]
    refused = [words for file in differing if (words := check_file(module, file))]
    if refused:
        module.fail_json(msg="; ".join(refused) + "; nothing was written")
    changed = []
    for file in files:
        differs = file in differing
        if differs and not module.check_mode:
            write(module, file)
        present = not (module.check_mode and before[file["path"]] is None)
        if present and module.set_fs_attributes_if_different(attributes(module, file), changed=False):
            differs = True
        if differs:
            changed.append(file["path"])
    diff = [
        {
            "before_header": file["path"],
            "after_header": file["path"],
            "before": before[file["path"]] or "",
            "after": file["text"],
        }
        for file in differing
    ]
    module.exit_json(changed=bool(changed), changed_paths=changed, diff=diff)


if __name__ == "__main__":
    main()
