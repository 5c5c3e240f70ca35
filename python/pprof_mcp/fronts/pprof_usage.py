"""The help text of `pprof-mcp pprof`."""

from __future__ import annotations

USAGE = """\
usage: pprof-mcp pprof FORMAT [options] [program] PROFILE ...

Prints what 'go tool pprof' prints. Several profiles are merged.

Formats (one):
  -top, -text        functions with flat and cum
  -tree              call graph as text
  -peek=REGEX        callers and callees of matching functions
  -list=REGEX        annotated source of matching functions
  -traces            every sample as a stack
  -tags              labels with their values
  -raw               the profile as text
  -comments          comments in the profile
  -dot               call graph in DOT
  -callgrind         call graph for KCachegrind
  -proto, -topproto  the profile, or its top entries, as gzip-compressed protobuf

Order and size:
  -cum, -flat        sort by cum or flat
  -nodecount=N       rows or nodes at most
  -nodefraction=F    hide nodes below F * total (0.005)
  -edgefraction=F    hide edges below F * total (0.001)
  -trim=false        hide nothing
  -call_tree         keep places apart that are reached on different ways
  -drop_negative     ignore negative differences
  -compact_labels    short headers

Values:
  -sample_index=X    sample type by name or number
  -inuse_space, -inuse_objects, -alloc_space, -alloc_objects, -contentions, -total_delay, -mean_delay
                     the same by a short name
  -mean              divide by the first sample type
  -unit=U            unit to print in: minimum, auto, ms, MB ...
  -divide_by=F       divide all values
  -relative_percentages
                     percentages of what the filters leave

Granularity (one): -functions, -filefunctions, -files, -lines, -addresses
  -noinlines         count inlined work to the caller
  -showcolumns       tell columns of a line apart

Filters (regular expressions of Go):
  -focus, -ignore    keep or drop samples with a matching frame
  -show, -hide       keep or drop matching frames
  -show_from         drop frames above the highest match
  -prune_from        drop frames below a match
  -tagfocus, -tagignore
                     keep or drop samples by label: regex, key=regex, key=1kb:64kb
  -tagshow, -taghide keep or drop labels by key
  -tagroot, -tagleaf labels as frames at the root or leaf: key,key

Comparison:
  -base=PROFILE      subtract a profile
  -diff_base=PROFILE compare: percentages are of that profile
  -normalize         scale to the base's total first

Other:
  -output=FILE       write there instead of standard output
  -source_path=P, -trim_path=P
                     where -list finds sources, and what to cut off their paths
  -add_comment=TEXT  comment to add
  -buildid=ID        build id for the first binary, when it has none
  -symbolize=MODE    accepted; nothing is symbolized here

Examples:
  pprof-mcp pprof -top -cum -nodecount=20 cpu.pb.gz
  pprof-mcp pprof -peek='json\\\\.' -focus=api cpu.pb.gz
  pprof-mcp pprof -top -diff_base=before.pb.gz after.pb.gz
"""
