"""The kind of fact that the catalogue of procedures delivers. The SQL that fills it is in facts.py."""

from __future__ import annotations

from app.facts import FactField, FactKind

PROCEDURES = "thủ tục"

CATALOGUE_PAYMENT = FactKind(
    "catalogue_payment",
    "unit",
    (
        FactField(
            "fee_bearing",
            int,
            PROCEDURES,
            {
                "vi": "Thủ tục còn hiệu lực có yêu cầu nghĩa vụ tài chính",
                "en": "Procedures in force that carry a financial obligation",
            },
        ),
        FactField(
            "eligible",
            int,
            PROCEDURES,
            {
                "vi": "Trong số đó: đã được xác định đủ điều kiện thanh toán trực tuyến",
                "en": "Of those: decided eligible for online payment",
            },
        ),
        FactField(
            "deployed",
            int,
            PROCEDURES,
            {
                "vi": "Trong số đủ điều kiện: đã triển khai thanh toán trực tuyến",
                "en": "Of the eligible: online payment deployed",
            },
        ),
    ),
    {
        "vi": "Thanh toán trực tuyến trong danh mục thủ tục hành chính",
        "en": "Online payment in the catalogue of procedures",
    },
)
