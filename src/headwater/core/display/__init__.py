"""How things look: icons, figures, dates, reasons, charts. Used by the template tags; knows no model."""
