"""The publications behind the rules, cited by author, journal and DOI."""

from __future__ import annotations

from services.knowledge.sources import Source

RICHARDS_2015 = Source(citation="Richards 2015, Genet Med (ACMG/AMP standards)", doi="10.1038/gim.2015.30")
TAVTIGIAN_2018 = Source(citation="Tavtigian 2018, Genet Med (Bayesian framework)", doi="10.1038/gim.2017.210")
TAVTIGIAN_2020 = Source(citation="Tavtigian 2020, Hum Mutat (points)", doi="10.1002/humu.24088")
ABOU_TAYOUN_2018 = Source(citation="Abou Tayoun 2018, Hum Mutat (PVS1)", doi="10.1002/humu.23626")
PEJAVER_2022 = Source(citation="Pejaver 2022, Am J Hum Genet (PP3 and BP4)", doi="10.1016/j.ajhg.2022.10.013")
WHIFFIN_2017 = Source(citation="Whiffin 2017, Genet Med (maximum credible frequency)", doi="10.1038/gim.2017.26")
BRNICH_2020 = Source(citation="Brnich 2020, Genome Med (PS3 and BS3)", doi="10.1186/s13073-019-0690-2")
GHOSH_2018 = Source(citation="Ghosh 2018, Hum Mutat (BA1)")
WALKER_2023 = Source(citation="Walker 2023, Am J Hum Genet (splicing)")
BERGQUIST_2025 = Source(citation="Bergquist 2025, Genet Med (PP3 and BP4)", doi="10.1016/j.gim.2025.101402")
MCCORMICK_2020 = Source(citation="McCormick 2020, Hum Mutat (mitochondrial DNA variants)")
JARVIK_2016 = Source(citation="Jarvik 2016, Am J Hum Genet (cosegregation)")
BIESECKER_2018 = Source(citation="Biesecker 2018, Genet Med (reputable source criteria)")
SVI_DE_NOVO = Source(citation="ClinGen Sequence Variant Interpretation group, recommendation for PS2 and PM6, version 1.0")
SVI_IN_TRANS = Source(citation="ClinGen Sequence Variant Interpretation group, recommendation for PM3, version 1.0")
SVI_PM2 = Source(citation="ClinGen Sequence Variant Interpretation group, recommendation for PM2, version 1.0, 2020")
