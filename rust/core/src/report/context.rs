//! What all reports need: the view, the value looked at, its total, and how values become text.

use super::ReportOptions;
use super::trim_path::trim_path;
use crate::aggregate::trim::Trim;
use crate::aggregate::{
    EdgeChoice, Graph, GraphBuilder, GraphOptions, SampleValue, TagOptions, base_name, total,
};
use crate::error::{Error, ErrorKind, Result};
use crate::profile::Profile;
use crate::unit::{scale, scaled_label, truncated};
use crate::view::{NumLabelUnits, View};

/// The value looked at and what percentages are of. Taken before the filters, unless they are relative.
#[derive(Clone, Copy)]
pub(super) struct Totals {
    value: SampleValue,
    total: i64,
}

impl Totals {
    /// # Errors
    ///
    /// A sample type that the profile does not have, and a divisor of zero.
    pub(super) fn new(profile: &Profile, view: &View<'_>, options: &ReportOptions<'_>) -> Result<Self> {
        let index = profile.sample_index(&options.sample_index)?;
        if options.divide_by == 0.0 {
            let detail = "zero divisor specified".to_owned();
            return Err(Error::new(ErrorKind::InvalidArgument {
                argument: "divide_by",
                detail,
            }));
        }
        let value = SampleValue {
            index,
            divisor: options.mean.then_some(0),
        };
        Ok(Self {
            value,
            total: total(view, value),
        })
    }
}

/// A report in the making.
pub(super) struct Report<'a, 'p> {
    pub(super) view: &'a View<'p>,
    pub(super) options: &'a ReportOptions<'a>,
    pub(super) units: NumLabelUnits,
    pub(super) trim: Trim,
    /// What percentages are of.
    pub(super) total: i64,
    /// Name of the value looked at; `mean_...` for averages.
    pub(super) sample_type: Vec<u8>,
    pub(super) sample_unit: Vec<u8>,
    /// Unit of values as text: the option's, until [`Report::select_output_unit`] chooses one.
    pub(super) output_unit: Vec<u8>,
    pub(super) value: SampleValue,
    ratio: f64,
}

impl<'a, 'p> Report<'a, 'p> {
    pub(super) fn new(
        view: &'a View<'p>,
        options: &'a ReportOptions<'a>,
        totals: Totals,
        units: NumLabelUnits,
    ) -> Self {
        let Totals { value, total } = totals;
        let sample_type = view.header().sample_types[value.index];
        let strings = view.strings();
        let prefix: &[u8] = if options.mean { b"mean_" } else { b"" };
        Self {
            view,
            options,
            units,
            trim: options.trimming(),
            total,
            sample_type: [prefix, strings.get(sample_type.type_)].concat(),
            sample_unit: strings.get(sample_type.unit).to_vec(),
            output_unit: options.unit.clone().into_bytes(),
            value,
            ratio: 1.0 / options.divide_by,
        }
    }

    /// The file name of the main binary, empty when there is none.
    pub(super) fn title(&self) -> &[u8] {
        let main = self
            .view
            .mappings()
            .rows
            .first()
            .map_or(&b""[..], |main| self.view.strings().get(main.file));
        if main.is_empty() { main } else { base_name(main) }
    }

    /// The divisor as a factor, if it changes anything.
    pub(super) fn factor(&self) -> Option<f64> {
        (self.ratio > 0.0 && self.ratio.to_bits() != 1.0f64.to_bits()).then_some(self.ratio)
    }

    fn divided(&self, value: i64) -> i64 {
        self.factor()
            .map_or(value, |factor| truncated(value as f64 * factor))
    }

    /// A value with its unit.
    pub(super) fn format(&self, value: i64) -> Vec<u8> {
        label(self.divided(value), &self.sample_unit, &self.output_unit)
    }

    /// A value with its unit, or a dot for nothing.
    pub(super) fn format_or_dot(&self, value: i64) -> Vec<u8> {
        if value == 0 {
            b".".to_vec()
        } else {
            self.format(value)
        }
    }

    /// A value in the unit of the report, cut to a whole number.
    pub(super) fn whole(&self, value: i64) -> i64 {
        truncated(scale(value, &text(&self.sample_unit), &text(&self.output_unit)).0)
    }

    /// Cuts file names by `trim_path` and `source_path`.
    pub(super) fn path_cutter(&self) -> impl Fn(&[u8]) -> Vec<u8> + use<'a> {
        let options = self.options;
        move |path: &[u8]| {
            trim_path(path, options.trim_path.as_bytes(), options.source_path.as_bytes()).to_vec()
        }
    }

    /// The graph builder of this report.
    pub(super) fn graph_builder<'c>(
        &self,
        rules: GraphRules<'c>,
        trim_path: &'c dyn Fn(&[u8]) -> Vec<u8>,
    ) -> GraphBuilder<'c, 'a, 'p> {
        let options = self.options;
        GraphBuilder::new(
            self.view,
            GraphOptions {
                value: self.value,
                call_tree: options.call_tree && rules.may_be_tree,
                drop_negative: options.drop_negative,
                obj_names: rules.obj_names,
                edges: rules.edges,
                tags: rules.tags.then(|| TagOptions {
                    units: self.units.clone(),
                    output_unit: options.unit.clone(),
                }),
                trim_path,
            },
        )
    }

    /// Chooses the unit that fits the smallest value shown, unless one was asked for.
    ///
    /// When the total needs another unit than the smallest value and is more than a hundred times as large, a unit
    /// is taken in which the smallest value is at least 0.01. Callgrind files hold whole numbers, so not there.
    pub(super) fn select_output_unit(&mut self, graph: &Graph) {
        if self.output_unit != b"minimum" || graph.order.is_empty() {
            return;
        }
        let mut smallest: i64 = 0;
        for &id in &graph.order {
            let node = &graph.nodes[id];
            let mut value = node.flat.get().wrapping_abs();
            if value == 0 {
                value = node.cum.get().wrapping_abs();
            }
            if value > 0 && (smallest == 0 || value < smallest) {
                smallest = value;
            }
        }
        let mut largest = self.total;
        if smallest == 0 {
            smallest = largest;
        }
        if self.factor().is_some() {
            (smallest, largest) = (self.divided(smallest), self.divided(largest));
        }
        let sample_unit = text(&self.sample_unit);
        let fitting = |value: i64| scale(value, &sample_unit, "minimum").1;
        let mut unit = fitting(smallest);
        let whole_numbers = self.options.format == super::Format::Callgrind;
        if unit != fitting(largest) && smallest.wrapping_mul(100) < largest && !whole_numbers {
            unit = fitting(smallest.wrapping_mul(100));
        }
        self.output_unit = if unit.is_empty() {
            self.sample_unit.clone()
        } else {
            unit.into_bytes()
        };
    }
}

/// How the graph of a report differs from that of the others.
#[derive(Default, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "four independent switches")]
pub(super) struct GraphRules<'c> {
    /// Keep binaries apart.
    pub(super) obj_names: bool,
    /// The edges that are looked at.
    pub(super) edges: EdgeChoice<'c>,
    /// `call_tree` applies.
    pub(super) may_be_tree: bool,
    /// Labels are shown.
    pub(super) tags: bool,
}

/// Bytes as text for the unit tables, which know only text.
pub(super) fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// `value` as text in the unit `to`. A unit that is no text is passed through.
pub(super) fn label(value: i64, from: &[u8], to: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(to) {
        Ok(to) => scaled_label(value, &text(from), to).into_bytes(),
        Err(_) if value == 0 => b"0".to_vec(),
        Err(_) => [value.to_string().as_bytes(), to].concat(),
    }
}
