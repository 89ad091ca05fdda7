# SPDX-License-Identifier: MIT
"""What is left behind: a snapshot of everything a slice occupies, to be compared before and after.

Xen's view comes from its debug keys ('g' grant tables, 'e' event channels), the toolstack's from
xenstore, the driver domain's from its status node.
"""

import json
import re
import time

MODEL = ("objects", "channels", "spaces", "directories", "directories_left", "groups")


def section(text, domid, head):
    """The lines of a debug key's output that belong to one domain."""
    lines, inside = [], False
    for line in text.splitlines():
        m = re.search(head, line)
        if m:
            inside = int(m[1]) == domid
        elif inside:
            lines.append(line)
    return lines


def snapshot(s):
    """{what: count or text} of the running gpudom and of xenstore; settles first."""
    gpudom = s.domid("gpudom")
    time.sleep(1.2)  # gpudom publishes twice a second
    status = s.gpudom_status()
    events = section(s.debug_key("e"), gpudom, r"Event channel information for domain (\d+)")
    grants = s.debug_key("g")
    # An active entry ends with its state; "pin" counts maps. Those of guests that gpudom maps name it.
    mapped = [line for line in grants.splitlines()
              if re.search(rf"\(XEN\).*\[[^]]*\]\s+{gpudom}\s", line)]
    nodes = s.ok("xenstore-ls /xvgpu; xenstore-ls /libxl; "
                 f"xenstore-ls -f /local/domain/{gpudom}/backend 2>/dev/null | grep -v stats; true")
    return {
        "grants mapped (gpudom)": status.get("grants-mapped"),
        "ports (gpudom)": status.get("ports"),
        "pages free (gpudom)": status.get("pages-free"),
        "VRAM free (gpudom)": status.get("vram-free"),
        "slices (gpudom)": status.get("slices"),
        "event channels of gpudom (Xen)": sum("[" in line for line in events),
        "grants that name gpudom (Xen)": len(mapped),
        "xenstore nodes": nodes,
        "domains": s.ok("xl list | awk 'NR > 1 {print $1}' | sort"),
    }


def frames_mapped(s, owner, user):
    """Machine addresses of pages that one domain has granted and another has mapped, by Xen's word."""
    lines = section(s.debug_key("g"), s.domid(owner), r"grant-table for remote d(\d+)")
    entries = (re.search(r"\[0x\w+\]\s+(\d+) (0x\w+) 0x\w{8}", line) for line in lines)
    return [int(m[2], 16) << 12 for m in entries if m and int(m[1]) == s.domid(user)]


def model_counts(s):
    """What RM and Host of the GPU model hold now, and how many channel groups."""
    now = json.loads(s.qom_get("gpu0", "stats"))
    now["groups"] = len(now["groups"]) + now["groups_left_out"]
    return {k: now[k] for k in MODEL}


def differences(before, after):
    """["what: before -> after"] for everything that changed."""
    return [f"{k}: {before[k]!r} -> {after[k]!r}" for k in before if before[k] != after[k]]
