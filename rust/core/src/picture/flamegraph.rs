//! A flame graph: every call path as a box as wide as what it costs, callers below what they call.

use crate::aggregate::{GraphBuilder, GraphOptions};
use crate::combine::align;
use crate::error::{Error, Result};
use crate::interrupt;
use crate::profile::Profile;
use crate::summary::{Filters, Prepared, SampleTypeName, prepare};
use crate::table::Interner;
use crate::unit;
use inferno::flamegraph::color::BasicPalette;
use inferno::flamegraph::{Direction, Options, Palette, TextTruncateDirection};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt::Write as _;

/// What to draw.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, as the caller has it"
)]
pub struct FlameGraphQuery {
    /// The shared filters.
    #[serde(flatten)]
    pub filters: Filters,
    /// Heading.
    pub title: String,
    /// A line below it; empty for none.
    pub subtitle: String,
    /// Boxes narrower than this are left out, in percent of the width.
    pub min_pct: f64,
    /// Callers above what they call.
    pub inverted: bool,
    /// Stacks are merged from the leaf on, so that the widest boxes are where the cost arises, and their callers lie upon them.
    pub by_leaf: bool,
    /// A difference: the profile before is scaled to the total of the one after.
    pub normalize: bool,
    /// A difference: boxes are as wide as before, so that what is gone shows too.
    pub width_of_before: bool,
}

impl Default for FlameGraphQuery {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            title: "Flame graph".to_owned(),
            subtitle: String::new(),
            min_pct: 0.1,
            inverted: false,
            by_leaf: false,
            normalize: false,
            width_of_before: false,
        }
    }
}

/// The picture.
#[derive(Debug, Clone, Serialize)]
pub struct FlameGraph {
    /// SVG with its script: search, zoom, what a box stands for.
    #[serde(skip)]
    pub svg: Vec<u8>,
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// Sum of what is drawn, without what is not.
    pub total: i64,
    /// `total` with its unit.
    pub total_text: String,
    /// The same of the profile before; 0 without one.
    pub base_total: i64,
    /// `base_total` with its unit; empty without one.
    pub base_total_text: String,
    /// Boxes drawn.
    pub boxes: usize,
    /// Boxes too narrow to be drawn; their costs are in the boxes below them.
    pub left_out: usize,
    /// Depth of the deepest stack drawn.
    pub depth: usize,
    /// What limits the picture.
    pub warnings: Vec<String>,
}

/// A call path: its last frame, and what its samples count before and after.
#[derive(Debug, Default, Clone)]
struct Node {
    parent: u32,
    name: u32,
    values: [i64; 2],
}

/// Call paths, the empty one first; a path stands behind the one that it goes on from.
struct Tree {
    nodes: Vec<Node>,
    index: FxHashMap<(u32, u32), u32>,
    names: Interner,
}

impl Tree {
    fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            index: FxHashMap::default(),
            names: Interner::default(),
        }
    }

    /// Adds the samples of a view to one side.
    fn add(&mut self, prepared: &Prepared<'_>, side: usize, by_leaf: bool) -> Result<()> {
        let view = &prepared.view;
        let builder = GraphBuilder::new(view, GraphOptions::plain(prepared.value));
        let printable = builder.names();
        let names: Vec<u32> = builder
            .infos()
            .iter()
            .map(|info| self.names.intern(&folded(&printable.printable(info))))
            .collect();
        let mut sums: FxHashMap<_, [i64; 2]> = FxHashMap::default();
        for (number, sample) in view.samples().enumerate() {
            interrupt::check_at(number)?;
            let (value, divisor) = prepared.value.of(view.values(), sample.row);
            let sum = sums.entry(sample.stack).or_default();
            *sum = [sum[0].wrapping_add(value), sum[1].wrapping_add(divisor)];
        }
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort_unstable_by_key(|(stack, _)| *stack);
        let mut frames = Vec::new();
        for (number, (stack, [value, divisor])) in sums.into_iter().enumerate() {
            interrupt::check_at(number)?;
            let value = if divisor == 0 {
                value
            } else {
                value.wrapping_div(divisor)
            };
            frames.clear();
            for location in view.stacks().frames(stack) {
                frames.extend(builder.rows_of(location).iter().map(|&row| names[row as usize]));
            }
            if !by_leaf {
                frames.reverse();
            }
            let mut at = 0;
            self.nodes[0].values[side] = self.nodes[0].values[side].wrapping_add(value);
            for &name in &frames {
                let next = self.nodes.len() as u32;
                at = *self.index.entry((at, name)).or_insert_with(|| {
                    self.nodes.push(Node {
                        parent: at,
                        name,
                        values: [0; 2],
                    });
                    next
                });
                let sum = &mut self.nodes[at as usize].values[side];
                *sum = sum.wrapping_add(value);
            }
        }
        Ok(())
    }

    /// Multiplies one side.
    fn scale(&mut self, side: usize, factor: f64) {
        for node in &mut self.nodes {
            node.values[side] = unit::truncated((node.values[side] as f64 * factor).round());
        }
    }

    /// The text that the library reads: a line for each path with costs of its own, of paths that are wide enough. With a profile
    /// before every path has a line, since the library knows what changed of those only; `order` is that of the two counts.
    fn folded(&self, min_pct: f64, order: &[usize]) -> Folded {
        let totals = self.nodes[0].values;
        let wide = |values: [i64; 2]| {
            (0..2)
                .any(|side| values[side] > 0 && values[side] as f64 >= totals[side] as f64 * min_pct / 100.0)
        };
        let mut kept = vec![true; self.nodes.len()];
        let mut own: Vec<[i64; 2]> = self.nodes.iter().map(|node| node.values).collect();
        let mut depths = vec![0; self.nodes.len()];
        let mut negative = 0;
        for (at, node) in self.nodes.iter().enumerate().skip(1) {
            let parent = node.parent as usize;
            kept[at] = kept[parent] && wide(node.values);
            depths[at] = depths[parent] + 1;
            negative += usize::from(node.values.iter().any(|&value| value < 0));
            if kept[at] {
                for (own, value) in own[parent].iter_mut().zip(node.values) {
                    *own = own.saturating_sub(value);
                }
            }
        }
        let mut lines = Vec::new();
        let mut path = Vec::new();
        for (at, own) in own.iter().enumerate().skip(1).filter(|(at, _)| kept[*at]) {
            // What a child loses its parent can not gain; a box of nothing is no box.
            let own = own.map(|value| value.max(0));
            if order.len() == 1 && own == [0; 2] {
                continue;
            }
            path.clear();
            let mut above = at;
            while above != 0 {
                path.push(self.nodes[above].name);
                above = self.nodes[above].parent as usize;
            }
            let mut line = String::new();
            for name in path.iter().rev() {
                if !line.is_empty() {
                    line.push(';');
                }
                line.push_str(&String::from_utf8_lossy(self.names.arena().get(*name as usize)));
            }
            for &side in order {
                // Writing to a string does not fail.
                let _ = write!(line, " {}", own[side]);
            }
            lines.push(line);
        }
        lines.sort_unstable();
        Folded {
            lines,
            boxes: kept.iter().filter(|kept| **kept).count() - 1,
            left_out: kept.iter().filter(|kept| !**kept).count(),
            depth: (0..kept.len())
                .filter(|&at| kept[at])
                .map(|at| depths[at])
                .max()
                .unwrap_or(0),
            negative,
        }
    }
}

struct Folded {
    lines: Vec<String>,
    boxes: usize,
    left_out: usize,
    depth: usize,
    /// Paths with a negative sum.
    negative: usize,
}

/// A name as it may stand in a folded line: its separators are replaced by characters that look alike.
fn folded(name: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(name);
    let text: String = text
        .chars()
        .map(|letter| match letter {
            ';' => '\u{ff1b}',
            letter if letter.is_control() => ' ',
            letter => letter,
        })
        .collect();
    // A number behind the last space would be read as a count.
    let mut text = text.trim().to_owned();
    if let Some((_, last)) = text.rsplit_once(char::is_whitespace)
        && last.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.' || letter == '-')
    {
        let at = text.len() - last.len();
        let space = text[..at].trim_end().len();
        text.replace_range(space..at, "\u{a0}");
    }
    if text.is_empty() {
        text.push_str("[unknown]");
    }
    text.into_bytes()
}

/// Colors say what is counted: time is warm, memory green, waiting blue.
fn palette(sample_type: &SampleTypeName) -> Palette {
    let type_ = sample_type.type_.as_str();
    match (type_, sample_type.unit.as_str()) {
        ("delay" | "contentions", _) => Palette::Basic(BasicPalette::Blue),
        (_, "bytes") => Palette::Basic(BasicPalette::Mem),
        _ if type_.ends_with("_objects") || type_ == "objects" => Palette::Basic(BasicPalette::Mem),
        _ => Palette::Basic(BasicPalette::Hot),
    }
}

/// What counts are multiplied by to be read, and the unit then.
fn readable(total: i64, unit: &str) -> (f64, String) {
    let (scaled, name) = unit::scale(total, unit, "auto");
    if name.is_empty() || total == 0 {
        let name = if unit.is_empty() { "samples" } else { unit };
        return (1.0, name.to_owned());
    }
    // Boxes are a thousandth of the whole and show whole numbers: three digits below the unit of the total.
    for finer in ["ns", "us", "ms", "s", "B", "kB", "MB"] {
        let (fine, fine_name) = unit::scale(total, unit, finer);
        if fine_name == finer && fine <= scaled * 1100.0 && fine >= scaled {
            return (fine / total as f64, fine_name);
        }
    }
    (scaled / total as f64, name)
}

/// Draws a profile, or what changed from `base` to it.
///
/// # Errors
///
/// As [`crate::summary::filtered`]; profiles without a common sample type; nothing to draw.
pub fn flamegraph(profile: &Profile, base: Option<&Profile>, query: &FlameGraphQuery) -> Result<FlameGraph> {
    let mut tree = Tree::new();
    let mut warnings = Vec::new();
    let aligned;
    let (profile, base) = match base {
        None => (profile, None),
        Some(base) => {
            aligned = align(vec![Cow::Borrowed(base), Cow::Borrowed(profile)])?;
            (aligned[1].as_ref(), Some(aligned[0].as_ref()))
        }
    };
    let after = prepare(profile, &query.filters)?;
    tree.add(&after, 1, query.by_leaf)?;
    if let Some(base) = base {
        let before = prepare(base, &query.filters)?;
        tree.add(&before, 0, query.by_leaf)?;
        warnings.extend(before.warnings.iter().map(|warning| format!("base: {warning}")));
        let [old, new] = tree.nodes[0].values;
        if query.normalize && old > 0 && new > 0 {
            tree.scale(0, new as f64 / old as f64);
        }
    }
    warnings.extend(after.warnings.iter().cloned());
    let [base_total, total] = tree.nodes[0].values;
    // Boxes are as wide as the last count.
    let order: &[usize] = match (base.is_some(), query.width_of_before) {
        (false, _) => &[1],
        (true, false) => &[0, 1],
        (true, true) => &[1, 0],
    };
    let drawn = tree.folded(query.min_pct, order);
    if drawn.negative > 0 {
        warnings.push(format!(
            "{} call paths have negative values, which no box can have",
            drawn.negative
        ));
    }
    let lines = if drawn.lines.is_empty() {
        warnings.push("there is nothing to draw".to_owned());
        vec![format!("nothing to draw{}", " 1".repeat(order.len()))]
    } else {
        drawn.lines
    };
    let mut options = Options::default();
    // The library leaves the factor out of the shares of a difference, so there numbers are as they are.
    let (factor, unit_name) = if base.is_some() {
        (1.0, after.sample_type.unit.clone())
    } else {
        readable(total, &after.sample_type.unit)
    };
    options.title.clone_from(&query.title);
    options.subtitle = (!query.subtitle.is_empty()).then(|| query.subtitle.clone());
    options.colors = palette(&after.sample_type);
    options.deterministic = true;
    options.count_name = unit_name;
    options.factor = factor;
    // What is too narrow was left out above.
    options.min_width = 0.0;
    options.text_truncate_direction = TextTruncateDirection::Left;
    options.negate_differentials = base.is_some() && query.width_of_before;
    options.no_sort = true;
    if query.inverted {
        options.direction = Direction::Inverted;
    }
    let mut svg = Vec::new();
    inferno::flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)
        .map_err(|error| Error::invalid(format!("the flame graph can not be drawn: {error}")))?;
    let text = |total: i64| unit::label(total, &after.sample_type.unit);
    Ok(FlameGraph {
        svg,
        total,
        total_text: text(total),
        base_total,
        base_total_text: base.map_or_else(String::new, |_| text(base_total)),
        sample_type: after.sample_type.clone(),
        boxes: drawn.boxes,
        left_out: drawn.left_out,
        depth: drawn.depth,
        warnings,
    })
}
