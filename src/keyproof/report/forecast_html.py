"""The forecast as one HTML file: a list to work off, on screen and on paper."""

from pathlib import Path

from keyproof.domain.forecast import Forecast
from keyproof.report.forecast_page import attested_by, turning, unseen
from keyproof.report.html_page import foot_of, render_page
from keyproof.report.overview import counted


def render(forecast: Forecast, *, template: Path) -> str:
    """The page that `template` makes of it; it loads nothing and needs no script."""
    run = forecast.today.run
    return render_page(
        template,
        foot=foot_of(run.organisation, forecast.today.today),
        forecast=forecast,
        run=run,
        today=forecast.today.today,
        turning=turning(forecast),
        unseen=unseen(forecast),
        attested_by=attested_by,
        counted=counted,
    )
