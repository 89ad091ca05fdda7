# SPDX-License-Identifier: MIT
"""What is left behind: a snapshot of everything a slice occupies, to be compared before and after.

Xen's view comes from its debug keys ('g' grant tables, 'e' event channels), the toolstack's from
xenstore, the driver domain's from its status node.
"""

import re
import time


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


def differences(before, after):
    """["what: before -> after"] for everything that changed."""
    return [f"{k}: {before[k]!r} -> {after[k]!r}" for k in before if before[k] != after[k]]
