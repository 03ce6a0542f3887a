//! Just enough SVG for plots with a light background.

use std::fmt::{self, Write};

/// A picture in the making.
pub(crate) struct Picture {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text begins, ends, or has its middle.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Picture {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub(crate) fn text(
        &mut self,
        at: (f64, f64),
        anchor: Anchor,
        (size, color): (u32, &str),
        text: &str,
    ) -> fmt::Result {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let (x, y) = at;
        write!(self.body, "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{color}\"")?;
        writeln!(self.body, " text-anchor=\"{anchor}\">{text}</text>")
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: &str) -> fmt::Result {
        let ((x1, y1), (x2, y2)) = (from, to);
        write!(self.body, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"")?;
        writeln!(self.body, " stroke=\"{color}\"/>")
    }

    pub(crate) fn bar(&mut self, at: (f64, f64), size: (f64, f64), color: &str) -> fmt::Result {
        let ((x, y), (width, height)) = (at, size);
        write!(self.body, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\"")?;
        writeln!(self.body, " height=\"{height:.1}\" fill=\"{color}\"/>")
    }

    /// Points, and lines from each to the next.
    pub(crate) fn path(&mut self, points: &[(f64, f64)], color: &str, width: f64) -> fmt::Result {
        write!(self.body, "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"")?;
        self.body.push_str(" points=\"");
        for (x, y) in points {
            write!(self.body, "{x:.1},{y:.1} ")?;
        }
        self.body.push_str("\"/>\n");
        for (x, y) in points {
            let radius = width + 1.0;
            write!(self.body, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"")?;
            writeln!(self.body, " fill=\"{color}\"/>")?;
        }
        Ok(())
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { width, height, body } = self;
        write!(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\"")?;
        writeln!(f, " width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\">")?;
        writeln!(f, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>")?;
        writeln!(f, "{body}</svg>")
    }
}
