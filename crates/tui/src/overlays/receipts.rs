//! Who has got and read a message of one's own.

use huis_proto::MessageId;
use huis_views::ReceiptView;
use ratatui::layout::Rect;

use super::window;
use crate::app::App;
use crate::cells::{self, Canvas};
use crate::say;
use crate::theme::{Role, hue};

#[derive(Debug)]
pub(crate) struct Receipts {
    pub(crate) message: MessageId,
    /// None before the answer is here.
    pub(crate) receipts: Option<Vec<ReceiptView>>,
}

impl Receipts {
    pub(super) fn draw(&self, app: &App, canvas: &mut Canvas<'_>, around: Rect) {
        let theme = app.settings.theme;
        let receipts: Vec<_> = ReceiptView::furthest(self.receipts.as_deref().unwrap_or_default()).collect();
        let height = u16::try_from(receipts.len()).unwrap_or(u16::MAX).clamp(1, around.height.saturating_sub(4));
        let area = window(canvas, around, (44, height), &app.texts.text("receipts-title"), theme);
        if receipts.is_empty() && self.receipts.is_some() {
            canvas.put(area.x, area.y, area.right(), &app.texts.text("receipts-none"), theme.style(Role::Muted));
        }
        for (y, receipt) in (area.top()..area.bottom()).zip(receipts) {
            let (key, role) =
                if receipt.read { ("receipts-read", Role::Good) } else { ("receipts-delivered", Role::Muted) };
            let time = app.zone.short(&app.texts, receipt.at_ms, app.now_ms);
            let text = app.texts.text_with(key, &[("time", time.as_str().into())]);
            let end = canvas.put_right(area.x + 12, y, area.right(), &text, theme.style(role)).saturating_sub(2);
            let name = cells::cut(&say::name(&receipt.account), end.saturating_sub(area.x));
            canvas.put(area.x, y, end, &name, theme.style(hue(receipt.account.account)));
        }
    }
}
