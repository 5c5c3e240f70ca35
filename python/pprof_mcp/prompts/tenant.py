"""tenant: which tenant, endpoint or other label costs what, and why."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.registry.prompts import Completes, prompt


@prompt(title="Find the costly tenant")
def tenant(
    profile: Annotated[
        str, Field(description="CPU or wall profile with labels: path or handle."), Completes.PROFILE
    ],
    key: Annotated[str, Field(description="Label to group by, such as `tenant`; found out when empty.")] = "",
    value: Annotated[str, Field(description="The one under suspicion, such as `acme`.")] = "",
    sample_index: Annotated[
        str, Field(description="Sample type; the profile's own when empty."), Completes.SAMPLE_TYPE
    ] = "",
) -> str:
    """Say which tenant, endpoint or other label pays for a profile, and what it does differently."""
    suspect = f"\n    Under suspicion: {value}." if value else ""
    which = f" sample_index={sample_index}" if sample_index else ""
    chosen = (
        f"`pprof.tags` profile={profile} key={key}{which}"
        if key
        else f"`pprof.tags` profile={profile}{which}, choose the key that names tenants, customers or"
        "\n       accounts (else endpoints), then ask again with that key"
    )
    return f"""
    # Tenant

    Say who causes the cost in {profile}.{suspect}

    1. **Are there labels?** {chosen}.
       No labels: nothing can be told per tenant; say which labels the program would have to set (Go:
       pprof.Do around the request) and stop. Go writes them into CPU and goroutine profiles only.
    2. **How much is nobody's?** unlabelled_pct is collector, background work and what runs before the label
       is set. Shares are of the total, that part included; when it is large, give shares of the labelled
       part, too.
    3. **Who?** Values by flat_pct. A large share is no fault by itself: compare it with the share of
       requests, from metrics or access logs; ask for it. Cost share over request share is the figure.
    4. **The same or something else?** For the heaviest value `pprof.top` tagfocus="<key>=^<value>$" cum=true,
       and for all others tagignore="<key>=^<value>$". Compare percentages of the same functions:
       - the same functions in like shares: more requests, or larger ones. A matter of quotas and capacity;
       - other functions at the top: another path. A feature, an endpoint or a kind of data that only this one
         uses; `pprof.focus_paths` on the first with the same tagfocus shows the way;
       - the same functions, some with a much higher share: the cost grows with the size of the data. Look
         for loops over all of a tenant's items, sorting, encoding of long lists.
    5. **By what?** `pprof.tags` for the other keys (endpoint, job, thread) with the same tagfocus: one
       endpoint is easier to limit than a tenant.
    6. **Do others suffer?** With mutex, block or goroutine profiles of the same time: does a lock or queue
       under this path make everybody wait? With CPU near the limit, everybody does.
    7. **Since when?** With an older profile: `pprof.diff_top` with the same tagfocus and
       normalize="per_second".

    Report: a table of the first five values with share of cost (and of requests, if known); unlabelled share;
    for the first one what it does differently, with function and file:line; whether to limit, to repair or to
    add capacity; which label would make the next look easier.
    """
